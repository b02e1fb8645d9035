/**
 * What a soak counts, and who is to blame for a reply that does not come.
 *
 * @module
 */

import type { FaultName, SoakService } from "./services.ts";

/** How often something was done to a service. */
export type Deed = FaultName | "restart" | "reload";

/** What went wrong, in words, for the report. */
export interface Finding {
  service: string;
  what: string;
  atMs: number;
}

/** The figures of one service. */
export class ServiceTally {
  connections = 0;
  replies = 0;
  /** Replies that did not come from a service under fault. */
  excused = 0;
  wrong = 0;
  lost = 0;
  /** Datagrams that were not answered: UDP promises nothing. */
  unanswered = 0;
  readonly deeds: Map<Deed, number> = new Map();
  #faults = 0;
  #lastFaultEnd = -Infinity;

  /** Whether it is under fault, or was at or after that time. */
  isExcused(sinceMs: number): boolean {
    return this.#faults > 0 || this.#lastFaultEnd >= sinceMs;
  }

  count(deed: Deed): void {
    this.deeds.set(deed, (this.deeds.get(deed) ?? 0) + 1);
  }

  faultBegins(): void {
    this.#faults++;
  }

  faultEnds(): void {
    this.#faults--;
    this.#lastFaultEnd = performance.now();
  }

  get isUnderFault(): boolean {
    return this.#faults > 0;
  }
}

/** The figures of a whole soak. */
export class Tally {
  readonly services: Map<string, ServiceTally>;
  readonly findings: Finding[] = [];
  readonly startedMs: number = performance.now();

  constructor(services: readonly SoakService[]) {
    this.services = new Map(services.map(({ name }) => [name, new ServiceTally()]));
  }

  of(name: string): ServiceTally {
    return this.services.get(name)!;
  }

  /** A reply that is not the one to this request. */
  wrong(service: string, what: string): void {
    this.of(service).wrong++;
    this.#find(service, `wrong: ${what}`);
  }

  /** A request without its reply, sent at `sinceMs`. */
  lost(service: SoakService, sinceMs: number, what: string): void {
    const tally = this.of(service.name);
    if (tally.isExcused(sinceMs)) tally.excused++;
    else if (service.transport === "udp") tally.unanswered++;
    else {
      tally.lost++;
      this.#find(service.name, `lost: ${what}`);
    }
  }

  /** A service that does not come back. */
  gone(service: string, deed: Deed, what: string): void {
    this.of(service).lost++;
    this.#find(service, `not back after ${deed}: ${what}`);
  }

  #find(service: string, what: string): void {
    if (this.findings.length < 100) {
      this.findings.push({ service, what, atMs: performance.now() - this.startedMs });
    }
  }
}
