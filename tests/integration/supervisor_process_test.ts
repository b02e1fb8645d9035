import { testSupervisor } from "./supervisor_suite.ts";

testSupervisor("process");
