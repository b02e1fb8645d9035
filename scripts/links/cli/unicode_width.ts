// `deno-std` publishes this module without the table that it reads: string-width measures the same.
import stringWidth from "npm:string-width@^8.0.0";

export const unicodeWidth: (text: string) => number = (text) => stringWidth(text);
