import * as std from "npm:deno-std@1.4.0/fmt/colors.js";

type Paint = (text: string) => string;

export const setColorEnabled: (value: boolean) => void = std.setColorEnabled;
export const getColorEnabled: () => boolean = std.getColorEnabled;
export const bold: Paint = std.bold;
export const dim: Paint = std.dim;
export const red: Paint = std.red;
export const green: Paint = std.green;
export const yellow: Paint = std.yellow;
export const blue: Paint = std.blue;
export const cyan: Paint = std.cyan;
export const gray: Paint = std.gray;
export const stripAnsiCode: Paint = std.stripAnsiCode;
