/** For each ordering, the filters that an index has beside it: any of those in one of the lists. */
export type IndexedFilters = Readonly<Record<string, readonly (readonly string[])[]>>;

/**
 * Whether an index has what the filter asks for, in this order: then a page reads no rows but its own. Where
 * none has, it may read all there are.
 */
export function isIndexed(
  filters: IndexedFilters,
  { filter, page }: { filter: object; page: { ordering: { name: string } } },
): boolean {
  const asked = Object.entries(filter)
    .filter(([, value]) => value != null)
    .map(([name]) => name);
  const lists = filters[page.ordering.name] ?? [];
  return lists.some((list) => asked.every((name) => list.includes(name)));
}
