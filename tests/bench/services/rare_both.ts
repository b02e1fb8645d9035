/** The same in both directions. */

import { defineHooks, on } from "@protohost/protohost";

export default defineHooks([on("RARE", () => {}, { direction: "both" })]);
