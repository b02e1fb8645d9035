import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { placeOf, userFrames } from "../../lib/base/error_place.ts";
import { readableFailure, reasonOf } from "../../lib/modules/load_failure.ts";
import { bundlingHint } from "../../lib/modules/load_module.ts";

/** What an executable of Deno 2.9 throws, as it throws it. */
function diagnostic(range: [number, number], kind: string, text: string): string {
  return `ParseDiagnostic(ParseDiagnosticInner { specifier: Url { scheme: "file", cannot_be_a_base: false, username: "", password: None, host: None, port: None, path: "/srv/a.ts", query: None, fragment: None }, range: SourceRange { start: SourcePos(${
    range[0]
  }), end: SourcePos(${
    range[1]
  }) }, kind: ${kind}, source: SourceTextInfo { start_pos: StartSourcePos(0), text: "${text}" } })`;
}

const accented = String.raw`const é = \"ü\u{301}\\t\"; const 日 = @;\n`;
const unclosed = diagnostic([25, 25], `Expected("}", "<eof>")`, String.raw`function f() {\n  if (1) {\n`);

const thrown: [name: string, message: string, reason: string][] = [
  [
    "a mistake in the third line",
    `JsErrorBox { inner: ${
      diagnostic([29, 30], `Expected(",", "{")`, String.raw`// \"x\"\nconst a = 1;\n  f(line {\n`)
    } }`,
    "SyntaxError: Expected ',', got '{' at file:///srv/a.ts:3:10",
  ],
  [
    "a mistake behind letters of several bytes",
    `JsErrorBox { inner: ${diagnostic([34, 35], "ExpectedIdent", accented)} }`,
    "SyntaxError: Expected ident at file:///srv/a.ts:1:30",
  ],
  [
    "several mistakes",
    `JsErrorBox { inner: FoldProgram(ParseDiagnostics(ParseDiagnosticsError([${unclosed}, ${unclosed}]))) }`,
    "SyntaxError: Expected '}', got '<eof>' at file:///srv/a.ts:2:11",
  ],
  [
    "a mistake known by a number",
    `JsErrorBox { inner: ${diagnostic([10, 11], "TS1109", String.raw`const a = ;\n`)} }`,
    "SyntaxError: Expression expected at file:///srv/a.ts:1:11",
  ],
  [
    "a folder",
    `JsErrorBox { inner: Os { code: 21, kind: IsADirectory, message: "Is a directory" } }`,
    "Error: found a folder, wanted a file",
  ],
  [
    "what the system refuses",
    `JsErrorBox { inner: Os { code: 13, kind: PermissionDenied, message: "Permission denied" } }`,
    "Error: Permission denied",
  ],
  ["anything else", "JsErrorBox { inner: Strange }", "TypeError: JsErrorBox { inner: Strange }"],
];

for (const [name, message, reason] of thrown) {
  Deno.test(`an executable's failure to load is readable when it is ${name}`, () => {
    const failure = readableFailure(new TypeError(message));
    assertEquals(reasonOf(failure), reason);
    assert(failure instanceof Error);
    if (failure.name === "SyntaxError") assertEquals(placeOf(failure), "");
  });
}

Deno.test("a syntax error is one line with its place when it is loaded from source", () => {
  const message = "Expected ';'\n  |\n1 | a b\n  |   ~\n    at file:///srv/a.ts:1:3";
  for (const error of [new SyntaxError(message), new TypeError(`SyntaxError: ${message}`)]) {
    const failure = readableFailure(error);
    assertEquals(reasonOf(failure), "SyntaxError: Expected ';' at file:///srv/a.ts:1:3");
    assertEquals((failure as Error).stack, "SyntaxError: Expected ';'\n    at file:///srv/a.ts:1:3");
  }
});

Deno.test("a name that is imported bare is told with its place and with what to write, without Deno's colours", () => {
  const message = 'Import "lodash" not a dependency and not in import map from "file:///srv/a.ts"\n' +
    "  \x1b[0m\x1b[36mhint:\x1b[0m If you want to use the npm package, try running `deno add npm:lodash`\n" +
    "    at \x1b[0m\x1b[36mfile:///srv/a.ts\x1b[0m:\x1b[0m\x1b[33m2\x1b[0m:\x1b[0m\x1b[33m20\x1b[0m";
  assertEquals(
    reasonOf(readableFailure(new TypeError(message))),
    'TypeError: there is no "lodash" at file:///srv/a.ts:2:20: wanted ./lodash for a file, npm:lodash for a package',
  );
});

Deno.test("what a module throws itself stays as it is", () => {
  const error = new RangeError("two\nlines");
  assertEquals(readableFailure(error), error);
  assertEquals(readableFailure("text"), "text");
  assertEquals(reasonOf("text"), "text");
});

Deno.test("the hint of an executable names the line that bundles when a package is missing", () => {
  for (
    const [why, url, line] of [
      ["Could not find constraint 'ms@2' in the list of packages.", "file:///srv/kv.ts", "kv.js kv.ts"],
      [
        `Relative import path "ms" not prefixed with / or ./ or ../`,
        "file:///srv/kv_src.ts",
        "kv.js kv_src.ts",
      ],
      ["Unsupported scheme jsr:@std/yaml", "file:///srv/kv.js", "kv_bundle.js kv.js"],
    ]
  ) {
    assertStringIncludes(
      bundlingHint(why, url, true),
      `deno bundle --external=@protohost/protohost -o ${line})`,
    );
    assertEquals(bundlingHint(why, url, false), "");
  }
  assertEquals(bundlingHint("ReferenceError: x is not defined", "file:///srv/kv.ts", true), "");
});

Deno.test("a stack has the user's frames only, and all if there are none of theirs", () => {
  const own = `    at FrameLoop.pass (${
    new URL("../../lib/framing/frame_loop.ts", import.meta.url).href
  }:141:23)`;
  const theirs = "    at Object.onMessage (file:///srv/chat.ts:6:5)";
  const runtime = "    at async Promise.all (ext:core/01_core.js:1:1)";
  const stack = ["RangeError: bad", theirs, own, runtime].join("\n");
  assertEquals(userFrames(stack), [theirs]);
  assertEquals(userFrames(["RangeError: bad", own].join("\n")), [own]);
  assertEquals(placeOf({ message: "bad", stack }), " (file:///srv/chat.ts:6:5)");
  assertEquals(placeOf({ message: "bad", stack: `Error\n${own}` }), "");
  assertEquals(placeOf({ message: "at file:///srv/chat.ts:6:5", stack }), "");
});
