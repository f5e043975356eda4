import type { ClientConfig } from 'pg';
import type { AccountChangeListener, AccountWatch } from './accountChanges.ts';
import { listenToPostgres } from './postgresNotifications.ts';

/** Listens to what the triggers of the migration 013 notify of. */
export function watchPostgresAccounts(
  connection: ClientConfig,
  { onChange, onFault }: AccountChangeListener,
): AccountWatch {
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  let isListening = false;
  const stop = listenToPostgres(connection, 'account_changes', {
    onListening() {
      isListening = true;
      onChange();
      begin();
    },
    onNotification: onChange,
    onFault(fault) {
      isListening = false;
      begin();
      onFault(fault);
    },
  });
  return { begun, look: () => isListening, stop };
}
