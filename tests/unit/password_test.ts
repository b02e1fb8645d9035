import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { hashPassword, verifyPassword } from "@protohost/protohost/password";

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
