import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import {
  DEFAULT_LIMITS,
  givenLimits,
  LIMIT_FIELDS,
  limitsFor,
  type LimitsInput,
  parseLimit,
  proxyDefaults,
  resolveLimits,
} from "../../lib/contract/limits.ts";

Deno.test("parseLimit answers the number, or what was wanted", () => {
  const duration = "a duration such as 500ms, 30s or 5m";
  const size = "a size such as 65536 or 64KiB";
  const table: [keyof LimitsInput, unknown, number | string][] = [
    ["maxFrameBytes", "64KiB", 65536],
    ["maxFrameBytes", 1, 1],
    ["maxFrameBytes", 0, `${size}, at least 1`],
    ["maxFrameBytes", 1.5, `${size}, at least 1`],
    ["maxFrameBytes", "9999999999GiB", `${size}, at least 1`],
    ["maxFrameBytes", "30s", size],
    ["maxSendBytes", "1MiB", 1048576],
    ["maxConnections", 5, 5],
    ["maxConnections", 0, "a whole number, at least 1"],
    ["maxConnections", 2.5, "a whole number, at least 1"],
    ["maxConnections", "5", "a whole number"],
    ["maxConnections", "5k", "a whole number"],
    ["maxConnectionsPerAddress", 0, 0],
    ["idleTimeout", "30s", 30_000],
    ["idleTimeout", 0, 0],
    ["idleTimeout", "30 parsecs", duration],
    ["idleTimeout", -1, duration],
    ["idleTimeout", null, duration],
    ["drainTimeout", "24d", 2_073_600_000],
    ["drainTimeout", "25d", `${duration}, at most 24d`],
  ];
  for (const [name, value, expected] of table) {
    const answer = parseLimit(name, value);
    assertEquals(typeof answer === "number" ? answer : answer.wanted, expected, `${name}: ${value}`);
  }
});

Deno.test("every limit has a field, and every field a default that the limit allows", () => {
  const fields = Object.values(LIMIT_FIELDS).map(({ field }) => field);
  assertEquals(fields.toSorted(), Object.keys(DEFAULT_LIMITS).toSorted() as typeof fields);
  for (const [name, { field }] of Object.entries(LIMIT_FIELDS)) {
    assertEquals(parseLimit(name as keyof LimitsInput, DEFAULT_LIMITS[field]), DEFAULT_LIMITS[field], name);
  }
});

Deno.test("resolveLimits lets later inputs override earlier ones and the defaults", () => {
  assertEquals(resolveLimits(), { ...DEFAULT_LIMITS });
  const limits = resolveLimits(
    { idleTimeout: "1m", maxFrameBytes: "2KiB" },
    undefined,
    { idleTimeout: "5s", maxFrameBytes: undefined },
  );
  assertEquals(limits, { ...DEFAULT_LIMITS, idleTimeoutMs: 5000, maxFrameBytes: 2048 });
});

Deno.test("resolveLimits refuses what does not read, with the value found and wanted", () => {
  const error = assertThrows(() => resolveLimits({ idleTimeout: "soon" }), RangeError);
  assertStringIncludes(error.message, 'limit "idleTimeout": current value is "soon", wanted a duration');
});

Deno.test("resolveLimits refuses a name that is no limit", () => {
  for (const name of ["idleTimeoutMs", "toString", "constructor"]) {
    assertThrows(() => resolveLimits({ [name]: 1 } as LimitsInput), RangeError, `"${name}"`);
  }
});

Deno.test("a protocol has limits of its own, and what is given goes over them", () => {
  const protocol = { limits: { frameTimeout: "5m", handlerTimeout: "11m" } };
  const inputs = [{ frameTimeout: "30s", idleTimeout: undefined }, { maxFrameBytes: 100 }];
  const given = givenLimits(...inputs, undefined);
  assertEquals(given, ["frameTimeout", "maxFrameBytes"]);
  assertEquals(limitsFor(protocol, resolveLimits(...inputs), { given }), {
    ...DEFAULT_LIMITS,
    frameTimeoutMs: 30_000,
    handlerTimeoutMs: 660_000,
    maxFrameBytes: 100,
  });
  assertEquals(limitsFor({}, resolveLimits(...inputs), { given }), resolveLimits(...inputs));
});

Deno.test("the timeouts of a proxy are those of its two ends, but for what is given", () => {
  const limitsOf = (datagrams: boolean, input: LimitsInput) =>
    limitsFor({ limits: proxyDefaults({ datagrams }) }, resolveLimits(input), { given: givenLimits(input) });
  assertEquals(limitsOf(false, { frameTimeout: "5s" }), {
    ...DEFAULT_LIMITS,
    idleTimeoutMs: 0,
    frameTimeoutMs: 5000,
    sendTimeoutMs: 0,
  });
  assertEquals(limitsOf(true, {}), { ...DEFAULT_LIMITS, frameTimeoutMs: 0, sendTimeoutMs: 0 });
});
