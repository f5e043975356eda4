import type { Metric, Registry } from 'prom-client';

interface Sample {
  metricName?: string;
  labels: Record<string, string | number>;
  value: number;
}

/** The values under one set of labels. */
interface Series {
  samples(name: string, labels: Record<string, string>): Sample[];
}

/**
 * A metric with its series. prom-client's own take a microsecond for each value, since they make a text of
 * its labels each time. Here who counts keeps the series, and prom-client writes them when it is asked.
 */
class MetricFamily<Kind extends Series, Label extends string> {
  readonly name: string;
  readonly #help: string;
  readonly #type: string;
  readonly #labelNames: readonly Label[];
  readonly #start: () => Kind;
  readonly #series = new Map<string, { labels: Record<string, string>; series: Kind }>();

  constructor(
    type: string,
    start: () => Kind,
    name: string,
    help: string,
    labelNames: readonly Label[],
  ) {
    this.name = name;
    this.#help = help;
    this.#type = type;
    this.#labelNames = labelNames;
    this.#start = start;
  }

  /** Begins the series of these labels. */
  series(labels: Readonly<Record<Label, string>>): Kind {
    const series = this.#start();
    this.#series.set(this.#key(labels), { labels, series });
    return series;
  }

  /** Ends it. */
  forget(labels: Readonly<Record<Label, string>>): void {
    this.#series.delete(this.#key(labels));
  }

  registerIn(registry: Registry): this {
    // It asks for a name and for get() alone; its type lists its own classes.
    registry.registerMetric(this as unknown as Metric);
    return this;
  }

  /** What prom-client asks each of its metrics. */
  async get() {
    const values = [...this.#series.values()].flatMap(({ labels, series }) =>
      series.samples(this.name, labels),
    );
    return { name: this.name, help: this.#help, type: this.#type, values, aggregator: 'sum' };
  }

  #key(labels: Readonly<Record<Label, string>>): string {
    return this.#labelNames.map((name) => labels[name]).join('\n');
  }
}

class Count implements Series {
  #value = 0;

  add(amount: number): void {
    this.#value += amount;
  }

  samples(_name: string, labels: Record<string, string>): Sample[] {
    return [{ labels, value: this.#value }];
  }
}

class Distribution implements Series {
  readonly #bounds: readonly number[];
  /** How many values were up to each bound, and above all. */
  readonly #counts: number[];
  #sum = 0;

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = new Array<number>(bounds.length + 1).fill(0);
  }

  observe(value: number): void {
    let bucket = 0;
    while (bucket < this.#bounds.length && value > (this.#bounds[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sum += value;
  }

  samples(name: string, labels: Record<string, string>): Sample[] {
    let count = 0;
    const buckets = this.#counts.map((inBucket, index) => {
      count += inBucket;
      const le = this.#bounds[index] ?? '+Inf';
      return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
    });
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels, value: this.#sum },
      { metricName: `${name}_count`, labels, value: count },
    ];
  }
}

export const counter = <Label extends string = never>(
  name: string,
  help: string,
  labelNames: readonly Label[],
) => new MetricFamily('counter', () => new Count(), name, help, labelNames);

export const histogram = <Label extends string = never>(
  name: string,
  help: string,
  labelNames: readonly Label[],
  bounds: readonly number[],
) => new MetricFamily('histogram', () => new Distribution(bounds), name, help, labelNames);
