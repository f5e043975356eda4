import { type SettingAdvice, settingVerdicts } from '../administration/settingAdvice.ts';
import { builder } from './builder.ts';
import { enumValues } from './enumValues.ts';
import { Performance } from './performance.ts';

const SettingVerdict = builder.enumType('SettingVerdict', {
  description: 'What is to be thought of a setting.',
  values: enumValues(settingVerdicts, {
    fits: 'It is as it should be.',
    info: 'Another value may be better.',
    warning: 'It costs time, or will be trouble.',
    critical: 'Data may be lost.',
  }),
});

const DatabaseSetting = builder.objectRef<SettingAdvice>('DatabaseSetting').implement({
  description: 'A setting of the database, and what is advised.',
  fields: (t) => ({
    name: t.exposeString('name', { description: "PostgreSQL's name of it, or SQLite's pragma." }),
    value: t.exposeString('value', { description: 'What is set.' }),
    advised: t.exposeString('advised', {
      nullable: true,
      description: 'What is advised; null where that is what is set.',
    }),
    verdict: t.expose('verdict', {
      type: SettingVerdict,
      description: 'What is to be thought of it.',
    }),
    why: t.exposeString('why', {
      description: 'Why, with the figures that it depends on; and what is not known.',
    }),
    sql: t.exposeString('sql', {
      nullable: true,
      description:
        'How to change it, to paste; null where it fits, or where the service itself sets it when it connects.',
    }),
  }),
});

builder.objectField(Performance, 'settings', (t) =>
  t.field({
    type: [DatabaseSetting],
    description: 'The settings that matter, as they are and as they are advised.',
    resolve: (_performance, _args, { databaseReports }) => databaseReports.settings(),
  }),
);
