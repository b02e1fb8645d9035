/** A hook that no request of the benchmarks concerns: what is measured is that it is there. */

import { defineHooks, on } from "@protohost/protohost";

export default defineHooks([on("RARE", () => {})]);
