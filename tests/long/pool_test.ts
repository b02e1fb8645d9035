import { fromSource } from "../support/program.ts";
import { testBound, testChurn, testMany, testPoolEnd } from "./pool_suite.ts";

/** What is looked at stands in /proc. */
const ignore = Deno.build.os !== "linux";

Deno.test("of 200 connections one loops for ever, one allocates without end, and 198 get all their replies", {
  ignore,
}, () => testMany(fromSource));

Deno.test("beyond the bound of a pool connections wait in their order, then are refused", {
  ignore,
}, () => testBound(fromSource));

Deno.test("nothing is left of a pool when its server stops or is killed", {
  ignore,
}, () => testPoolEnd(fromSource));

Deno.test("hundreds of connections leave no descriptor and no process behind", {
  ignore,
}, () => testChurn(fromSource, 200));
