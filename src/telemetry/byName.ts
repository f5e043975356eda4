/** Makes what belongs to a name when it first comes, and keeps it. */
export class ByName<Value> extends Map<string, Value> {
  readonly #make: (name: string) => Value;

  constructor(make: (name: string) => Value) {
    super();
    this.#make = make;
  }

  of(name: string): Value {
    let value = this.get(name);
    if (value === undefined) {
      value = this.#make(name);
      this.set(name, value);
    }
    return value;
  }
}
