import * as std from "npm:deno-std@1.4.0/text/levenshtein_distance.js";

export const levenshteinDistance: (str1: string, str2: string) => number = std.levenshteinDistance;
