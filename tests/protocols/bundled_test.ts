import { checkProtocol } from "@protohost/protohost/testing";
import * as echo from "../../protocols/echo.ts";
import * as frame from "../../protocols/frame.ts";
import * as jsonnl from "../../protocols/jsonnl.ts";
import * as raw from "../../protocols/raw.ts";
import * as text from "../../protocols/text.ts";

// Each module is what `protohost test FILE` gets: the protocol as default, and its samples beside it.

Deno.test("echo keeps the contract", () => {
  checkProtocol(echo.default, echo);
});

Deno.test("frame keeps the contract", () => {
  checkProtocol(frame.default, frame);
});

Deno.test("jsonnl keeps the contract", () => {
  checkProtocol(jsonnl.default, { ...jsonnl, notations: [['{"type":"ping"}', { type: "ping" }], ["3", 3]] });
});

Deno.test("raw keeps the contract", () => {
  checkProtocol(raw.default, raw);
});

Deno.test("text keeps the contract", () => {
  checkProtocol(text.default, { ...text, notations: [["QUIT", "QUIT"]] });
});
