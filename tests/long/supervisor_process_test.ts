import { testSupervisor } from "../integration/supervisor_suite.ts";

testSupervisor("process");
