/** The most characters of a value that are shown. */
const MAX_CHARACTERS = 200;

const time = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

/** A list is an array, or its JSON where the database takes it so. */
function listLength(value: unknown): number | null {
  if (Array.isArray(value)) return value.length;
  if (typeof value !== 'string' || !value.startsWith('[')) return null;
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? parsed.length : null;
  } catch {
    return null;
  }
}

function described(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  const length = listLength(value);
  if (length !== null) return `list of ${length}`;
  if (typeof value !== 'string') return Buffer.isBuffer(value) ? 'bytes' : typeof value;
  return time.test(value) ? 'time' : `text of ${value.length} characters`;
}

/** The values that a statement was sent with: what they are, or themselves where that is allowed. */
export function shownValues(values: readonly unknown[], allowed: boolean): string[] {
  return values.map((value) =>
    allowed ? (JSON.stringify(value) ?? 'null').slice(0, MAX_CHARACTERS) : described(value),
  );
}
