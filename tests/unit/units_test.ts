import { assertEquals } from "@std/assert";
import { parseDuration, parseSize } from "../../lib/base/units.ts";

Deno.test("parseSize reads numbers and units, and nothing else", () => {
  const table: [unknown, number | undefined][] = [
    [0, 0],
    [65536, 65536],
    ["512", 512],
    ["512b", 512],
    ["64KiB", 65536],
    ["64k", 65536],
    ["64kB", 64000],
    ["1MiB", 1048576],
    ["1.5MB", 1500000],
    ["1.5 MiB", 1572864],
    ["2GiB", 2147483648],
    [" 1mib ", 1048576],
    ["", undefined],
    ["MiB", undefined],
    ["-1", undefined],
    ["1e3", undefined],
    ["1 MiB 2", undefined],
    ["30s", undefined],
    [-1, undefined],
    [NaN, undefined],
    [Infinity, undefined],
    [true, undefined],
    [null, undefined],
    [undefined, undefined],
    [["1"], undefined],
  ];
  for (const [value, expected] of table) {
    assertEquals(parseSize(value), expected, `of ${Deno.inspect(value)}`);
  }
});

Deno.test("parseDuration reads numbers and units, and nothing else", () => {
  const table: [unknown, number | undefined][] = [
    [0, 0],
    [1500, 1500],
    ["250", 250],
    ["250ms", 250],
    ["30s", 30_000],
    ["0.5s", 500],
    ["5m", 300_000],
    ["1h", 3_600_000],
    ["2 d", 172_800_000],
    ["1H", 3_600_000],
    ["30 parsecs", undefined],
    ["1MiB", undefined],
    ["5m30s", undefined],
    ["", undefined],
    ["s", undefined],
    [{}, undefined],
  ];
  for (const [value, expected] of table) {
    assertEquals(parseDuration(value), expected, `of ${Deno.inspect(value)}`);
  }
});

Deno.test("units do not read the names that every object has", () => {
  for (const name of ["constructor", "toString", "valueOf", "hasOwnProperty"]) {
    assertEquals(parseSize(`5${name}`), undefined);
    assertEquals(parseDuration(`5 ${name}`), undefined);
  }
});
