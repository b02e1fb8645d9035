/**
 * Latencies by buckets of two microseconds, as the C generators count them.
 *
 * @module
 */

const BUCKETS = 65_536;
const BUCKET_US = 2;

/** Counts latencies and answers percentiles. What is above 131 ms counts as that. */
export class Histogram {
  readonly #counts = new Uint32Array(BUCKETS);
  #total = 0;

  /** Counts a latency in microseconds. */
  add(latencyUs: number): void {
    this.#counts[Math.min(BUCKETS - 1, Math.max(0, Math.floor(latencyUs / BUCKET_US)))]++;
    this.#total++;
  }

  /** The latency in microseconds under which this part (0 to 1) of all stays. */
  percentile(part: number): number {
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket];
      if (seen >= this.#total * part) return bucket * BUCKET_US;
    }
    return BUCKETS * BUCKET_US;
  }
}
