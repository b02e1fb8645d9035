import { assertEquals, assertThrows } from "@std/assert";
import { type ReconnectOptions, RetryPolicy } from "../../lib/embed/retry_policy.ts";

const refused = new Deno.errors.ConnectionRefused("Connection refused (os error 111)");

Deno.test("a connection is tried again after pauses that double up to the longest, as often as attempts says", () => {
  const table: [reconnect: boolean | ReconnectOptions | undefined, delays: (number | undefined)[]][] = [
    [undefined, [undefined]],
    [false, [undefined]],
    [{ attempts: 0 }, [undefined]],
    [{ attempts: 2 }, [200, 400, undefined]],
    [true, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]],
    [{ delay: "1s", maxDelay: "3s" }, [1000, 2000, 3000, 3000]],
    [{ delay: 50, maxDelay: 10 }, [10, 10]],
    [{ delay: 0 }, [0, 0]],
  ];
  for (const [reconnect, delays] of table) {
    const policy = new RetryPolicy(reconnect);
    assertEquals(delays.map((_, failed) => policy.delayMs(failed, refused, 0)), delays);
  }
});

Deno.test("chance lengthens a pause by up to a fifth", () => {
  const policy = new RetryPolicy({ delay: 1000 });
  assertEquals([0, 0.5, 1].map((random) => policy.delayMs(0, refused, random)), [1000, 1100, 1200]);
});

Deno.test("what fails in the same way each time is not tried again, however deep its cause is", () => {
  const coded = (code: string) => Object.assign(new Error("why"), { code });
  const table: [error: Error, isTriedAgain: boolean][] = [
    [refused, true],
    [new Deno.errors.TimedOut("late"), true],
    [new Deno.errors.NotFound("no socket yet"), true],
    [coded("ENETUNREACH"), true],
    [new Error("failed to lookup address information: Temporary failure in name resolution"), true],
    [new Error("failed to lookup address information: Name or service not known"), false],
    [coded("ENOTFOUND"), false],
    [coded("EINVAL"), false],
    [new Deno.errors.NotCapable("Requires net access"), false],
    [new Deno.errors.PermissionDenied("a socket of somebody else's"), false],
    [coded("DEPTH_ZERO_SELF_SIGNED_CERT"), false],
    [coded("CERT_HAS_EXPIRED"), false],
    [coded("ERR_TLS_CERT_ALTNAME_INVALID"), false],
    [coded("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), false],
  ];
  const policy = new RetryPolicy(true);
  for (const [error, isTriedAgain] of table) {
    for (const wrapped of [error, new Error("a", { cause: new Error("b", { cause: error }) })]) {
      assertEquals(policy.delayMs(0, wrapped) !== undefined, isTriedAgain, error.message);
    }
  }
});

Deno.test("options that cannot be are refused", () => {
  const wrong: [ReconnectOptions, string][] = [
    [{ attempts: -1 }, "Cannot reconnect with attempts -1: wanted a number from 0"],
    [{ attempts: NaN }, "Cannot reconnect with attempts NaN: wanted a number from 0"],
    [{ delay: "soon" }, 'Cannot reconnect with delay "soon": wanted a duration such as 500ms or 30s'],
    [{ maxDelay: "-1s" }, 'Cannot reconnect with maxDelay "-1s": wanted a duration such as 500ms or 30s'],
  ];
  for (const [options, message] of wrong) assertThrows(() => new RetryPolicy(options), RangeError, message);
});
