import { assertEquals } from "@std/assert";
import { formatDuration, formatSize, parseDuration, parseSize } from "../../lib/base/units.ts";

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
    ["5 min", 300_000],
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

Deno.test("formatDuration writes two units at most, which parseDuration reads back where it is one", () => {
  const table: [ms: number, written: string][] = [
    [0, "0 ms"],
    [0.4, "0 ms"],
    [250, "250 ms"],
    [999.6, "1 s"],
    [1499, "1.5 s"],
    [30_000, "30 s"],
    [90_000, "90 s"],
    [119_990, "2 min"],
    [125_000, "2 min 5 s"],
    [3_600_000, "1 h"],
    [3_605_000, "1 h"],
    [187_506_007, "2 d 4 h"],
  ];
  for (const [ms, written] of table) assertEquals(formatDuration(ms), written, String(ms));
  for (const ms of [0, 1, 999, 1500, 30_000, 120_000, 3_600_000, 86_400_000]) {
    assertEquals(parseDuration(formatDuration(ms)), ms);
  }
});

Deno.test("formatSize writes one decimal at most, which parseSize reads back", () => {
  const table: [bytes: number, written: string][] = [
    [0, "0 B"],
    [999, "999 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [1.5 * 1024 ** 2, "1.5 MiB"],
    [99.96 * 1024, "100 KiB"],
    [310.4 * 1024 ** 2, "310 MiB"],
    [1024 ** 2 - 1, "1 MiB"],
    [5 * 1024 ** 4, "5120 GiB"],
  ];
  for (const [bytes, written] of table) assertEquals(formatSize(bytes), written, String(bytes));
  for (const bytes of [0, 999, 1024, 1536, 64 * 1024, 1024 ** 2, 3 * 1024 ** 3]) {
    assertEquals(parseSize(formatSize(bytes)), bytes);
  }
});
