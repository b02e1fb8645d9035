import { assertEquals, assertThrows } from "@std/assert";
import { commandAs, identityOf } from "../../lib/isolation/identity.ts";
import { InstanceError } from "../../lib/isolation/instance_error.ts";

const windows = Deno.build.os === "windows";
const nobody = { uid: 65534, gid: 65534 };

Deno.test("a command is started as the user when it has no low port", () => {
  const command: [string, string[]] = ["/usr/bin/program", ["child", "1"]];
  assertEquals(commandAs(undefined, command, { listen: ["text://127.0.0.1:25"] }), [...command, {}]);
  for (const address of ["text://127.0.0.1:1024", "text://127.0.0.1:0", "text+unix:///run/a.sock"]) {
    assertEquals(commandAs(nobody, command, { listen: [address] }), [...command, nobody], address);
  }
});

Deno.test({
  name: "a command keeps the right to low ports and no other when its service listens at one",
  ignore: Deno.build.os !== "linux",
  fn() {
    const [program, args, identity] = commandAs(nobody, ["/usr/bin/program", ["child", "1"]], {
      listen: ["text://127.0.0.1:9999", "smtp://127.0.0.1:25"],
    });
    assertEquals([program, identity], ["setpriv", {}]);
    assertEquals(args.slice(args.indexOf("--inh-caps"), -3), [
      ...["--inh-caps", "-all,+net_bind_service"],
      ...["--ambient-caps", "-all,+net_bind_service"],
      ...["--bounding-set", "-all,+net_bind_service"],
    ]);
    assertEquals(args.slice(-3), ["/usr/bin/./program", "child", "1"]);
  },
});

Deno.test({
  name: "a service runs as nobody else when it names nobody, or who runs the server",
  ignore: windows,
  fn() {
    assertEquals(identityOf({}), undefined);
    assertEquals(identityOf({ user: String(Deno.uid()), group: String(Deno.gid()) }), undefined);
  },
});

Deno.test({
  name: "a user that the system does not know is refused by name",
  ignore: windows,
  fn() {
    assertThrows(
      () => identityOf({ user: "no_such_user" }),
      InstanceError,
      'Cannot run as user "no_such_user"',
    );
    assertThrows(
      () => identityOf({ group: "no_such_group" }),
      InstanceError,
      'Cannot run as group "no_such_group"',
    );
  },
});
