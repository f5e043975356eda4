/** The values of an enum from a list that the database knows: `failed_timeout` is FAILED_TIMEOUT. */
export function enumValues<Value extends string>(
  values: readonly Value[],
  descriptions: Record<Value, string>,
): Record<string, { value: Value; description: string }> {
  return Object.fromEntries(
    values.map((value) => [value.toUpperCase(), { value, description: descriptions[value] }]),
  );
}
