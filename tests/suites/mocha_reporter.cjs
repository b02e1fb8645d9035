"use strict";
// What a mocha suite tells of its tests, as lines of SUITE_RESULTS: `["passed","NAME"]`.

const { appendFileSync } = require("node:fs");

module.exports = function (runner) {
  const tell = (outcome, name) =>
    appendFileSync(process.env.SUITE_RESULTS, `${JSON.stringify([outcome, name])}\n`);
  runner.on("pass", (test) => tell("passed", test.fullTitle()));
  runner.on("fail", (test) => tell("failed", test.fullTitle()));
  runner.on("pending", (test) => tell("skipped", test.fullTitle()));
};
