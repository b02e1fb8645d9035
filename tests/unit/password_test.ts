import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { hashPassword, QueueFullError, verifyPassword } from "@protohost/protohost/password";

Deno.test("a password is verified by its hash, and by no other", async () => {
  const hash = await hashPassword("sécret", { ln: 10 });
  assertMatch(hash, /^\$scrypt\$ln=10,r=8,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  assert(await verifyPassword("se\u0301cret", hash));
  assertEquals(await verifyPassword("secret", hash), false);
  assertEquals(await verifyPassword("secret", "secret"), false);
  assertEquals(await verifyPassword("secret", undefined), false);
  assertEquals(
    await Promise.all(Array.from({ length: 6 }, () => verifyPassword("sécret", hash))),
    Array(6).fill(true),
  );
  await assertRejects(() => hashPassword("x", { ln: 30 }), RangeError, "from 10 to 20");
});

Deno.test("a check takes as long for every user and for nobody, whatever their hashes cost", async () => {
  // Each alone would take 16 times as long as the other.
  const [cheap, dear] = [await hashPassword("a", { ln: 10 }), await hashPassword("b", { ln: 14 })];
  const among = [cheap, dear];
  const hashes = [cheap, dear, undefined];
  const fastest = [Infinity, Infinity, Infinity];
  for (let round = 0; round < 4; round++) {
    for (const [index, hash] of hashes.entries()) {
      const begin = performance.now();
      assertEquals(await verifyPassword("a", hash, { among }), hash === cheap);
      fastest[index] = Math.min(fastest[index], performance.now() - begin);
    }
  }
  assertEquals(await verifyPassword("b", dear, { among }), true);
  assert(Math.max(...fastest) < 4 * Math.min(...fastest), `took ${fastest.map(Math.round).join(", ")} ms`);
});

Deno.test("a flood of checks from one address is refused in part, and others have their turn", async () => {
  const hash = await hashPassword("a", { ln: 10 });
  const checks = (count: number, from: (i: number) => string) =>
    Array.from(
      { length: count },
      (_, i) => verifyPassword("a", hash, { from: from(i) }).catch((error) => error),
    );
  const flood = checks(500, () => "flood");
  const others = checks(20, (i) => `other ${i}`);
  assertEquals(await Promise.all(others), Array(20).fill(true));
  const results = await Promise.all(flood);
  assertEquals(results.filter((result) => result === true).length, 10);
  assert(results.every((result) => result === true || result instanceof QueueFullError));
});
