import { assertEquals } from "@std/assert";
import { plural } from "../../lib/base/plural.ts";

Deno.test("plural answers the singular after 1 alone", () => {
  const words = [0, 1, 2].map((count) => `${count} ${plural(count, "connection")}`);
  assertEquals(words, ["0 connections", "1 connection", "2 connections"]);
  assertEquals(plural(2, "address", "addresses"), "addresses");
});
