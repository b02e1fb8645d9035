import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { MemoryWatch } from "../../lib/worker/memory_watch.ts";
import { ConfigError, resolveConfig } from "../../lib/config/mod.ts";
import type { ServiceInput } from "../../lib/config/config_input.ts";
import { adviseInConfiguration } from "../../lib/spec/permission_advice.ts";
import { mergePermissions, type Permissions } from "../../lib/spec/permissions.ts";
import { workerSpecs } from "../../lib/supervisor/worker_specs.ts";
import { permissionsOf } from "../../lib/supervisor/service_permissions.ts";

Deno.test("permissions merge kind by kind, and all is more than some", () => {
  assertEquals(
    mergePermissions({ net: ["a"], env: ["X"] }, undefined, { net: ["a", "b"], read: true }, { read: ["/"] }),
    {
      net: ["a", "b"],
      read: true,
      env: ["X"],
    },
  );
});

Deno.test("a service may do what it needs and what it is permitted", () => {
  const config = resolveConfig({
    defaults: { permissions: { env: "HOME", run: "ls" } },
    services: {
      plain: {
        listen: ["text://127.0.0.1:7000", "text+tls://[::1]:7001"],
        handler: "../elsewhere/plain.ts",
        tls: { cert: "/etc/c.pem", key: "/etc/k.pem" },
        permissions: { net: "api:443", read: ["data", "/var/x"], run: false },
      },
      unix: { listen: "text+unix:///run/a.sock", handler: "./unix.ts" },
      udp: { listen: "text+udp://0.0.0.0:53", handler: "./unix.ts" },
      any: { listen: "text://0.0.0.0:0", handler: "./unix.ts" },
      own: { handler: "./own.ts" },
    },
  }, { base: "/srv/app" });
  const { plain, unix, udp, any, own } = config.services;
  const { net, read, ...rest } = permissionsOf(plain, config);
  assertEquals(net, ["127.0.0.1:7000", "[::1]:7001", "api:443"]);
  assertEquals(rest, { env: ["HOME"] });
  const others = read as string[];
  for (const path of ["/srv/app", "/srv/elsewhere", "/etc/c.pem", "/etc/k.pem", "/srv/app/data", "/var/x"]) {
    assertEquals(others.includes(path), true, path);
  }
  assertEquals(others.includes("/srv"), false);
  assertEquals(permissionsOf(unix, config).write, ["/run/a.sock", "/run/.a.sock.new"]);
  assertEquals([udp, any, own].map((service) => permissionsOf(service, config).net), [
    true,
    ["0.0.0.0"],
    true,
  ]);
});

Deno.test("where a bundled protocol serves by itself it may do what its options name, and no more", () => {
  const relay = (to: string) => ({ domains: ["a.b"], relay: { to } });
  const services = {
    plain: [{ maildir: "mail" }, ["/srv/app/mail"], []],
    absolute: [{ maildir: "/var/mail/all" }, ["/var/mail/all"], []],
    users: [{ maildir: "/var/mail/{domain}/m-{user}" }, ["/var/mail"], []],
    relay: [relay("smtp://mx.example:25"), [], ["mx.example:25"]],
    both: [{ maildir: "./in/{user}", ...relay("smtp+tls://[::1]:465") }, ["/srv/app/in"], ["[::1]:465"]],
    // What would let it write what the server runs is permitted by name only.
    here: [{ maildir: "{user}" }, [], []],
    around: [{ maildir: "/srv/{user}" }, [], []],
    root: [{ maildir: "/" }, [], []],
    wrong: [{ maildir: 5, relay: { to: "nowhere" } }, [], []],
    none: [undefined, [], []],
  } satisfies Record<string, [unknown, string[], string[]]>;
  for (const [name, [options, folders, hosts]] of Object.entries(services)) {
    const { net, read, write } = permitted({ listen: "smtp://127.0.0.1:2525", options });
    assertEquals(net, ["127.0.0.1:2525", ...hosts], name);
    assertEquals(write ?? [], folders, name);
    assertEquals(folders.filter((folder) => !(read as string[]).includes(folder)), [], name);
  }
});

Deno.test("options permit nothing to handlers, to what is behind a guard, and to protocols of users", () => {
  const options = { maildir: "mail", relay: { to: "smtp://mx.example:25" } };
  const listen = "smtp://127.0.0.1:2525";
  const handler = "./handler.ts";
  for (
    const { write, net } of [
      permitted({ listen, options, handler }),
      permitted({ listen, options, upstream: "tcp://127.0.0.1:25" }),
      permitted({ listen, options, protocol: "text" }),
      permitted({ listen: "constructor://127.0.0.1:2525", options }),
      permitted({ listen, options }, { smtp: "./mine.ts" }),
    ]
  ) assertEquals([write, (net as string[]).includes("mx.example:25")], [undefined, false]);
});

/** What one service of a configuration in `/srv/app` may do. */
function permitted(service: unknown, protocols: Record<string, string> = {}): Permissions {
  const config = resolveConfig({ services: { one: service as ServiceInput }, protocols }, {
    base: "/srv/app",
  });
  return permissionsOf(config.services.one, config);
}

Deno.test("what Deno denies is told with what to write in the configuration", () => {
  for (
    const [said, wanted] of [
      [
        'Requires net access to "a:1", run again with the --allow-net flag',
        'Requires net access to "a:1": to allow it, give the service permissions: { net: ["a:1"] }',
      ],
      [
        'Requires read access to "/x", specify the required permissions during compilation using `deno compile --allow-read`',
        'Requires read access to "/x": to allow it, give the service permissions: { read: ["/x"] }',
      ],
      [
        "Requires run access, run again with the --allow-run flag",
        "Requires run access: to allow it, give the service permissions: { run: true }",
      ],
      ["Requires patience", "Requires patience"],
    ]
  ) assertEquals(adviseInConfiguration(said), wanted);
});

Deno.test({
  name: "a relative path is advised in full, since those of the configuration start elsewhere",
  // The paths are of one kind of system.
  ignore: Deno.build.os === "windows",
  fn() {
    for (
      const [kind, item, wanted] of [
        ["write", "./x", "/srv/here/x"],
        ["read", "../y", "/srv/y"],
        ["read", "", "/srv/here"],
        ["read", "/z", "/z"],
        ["read", "<CWD>", "<CWD>"],
        ["run", "./tool", "/srv/here/tool"],
        ["run", "ls", "ls"],
        ["env", "HOME", "HOME"],
        ["net", "a:1", "a:1"],
      ]
    ) {
      const said = `Requires ${kind} access to "${item}", run again with the --allow-${kind} flag`;
      assertEquals(
        adviseInConfiguration(said, () => "/srv/here"),
        `Requires ${kind} access to "${item}": to allow it, give the service permissions: { ${kind}: ["${wanted}"] }`,
      );
      const gone = adviseInConfiguration(said, () => {
        throw new Deno.errors.NotFound("gone");
      });
      assertStringIncludes(gone, `["${item}"]`);
    }
  },
});

Deno.test("topics are open to a service unless its permissions name some, and its rules permit it nothing", () => {
  const listen = "text://127.0.0.1:0";
  const { services } = resolveConfig({
    defaults: { permissions: { subscribe: "news.*" } },
    services: {
      open: { listen, permissions: { subscribe: true } },
      some: { listen, permissions: { publish: false }, hooks: [{ on: "*", then: [{ publish: "alarms" }] }] },
    },
  }, { base: "/srv/app" });
  assertEquals([services.open.topics, services.some.topics], [undefined, {
    publish: [],
    subscribe: ["news.*"],
  }]);
  const config = resolveConfig({ services: { x: { listen } } }, { base: "/srv/app" });
  const [spec] = workerSpecs(services.some, config, { generation: 1, instances: 1, isolation: "process" });
  assertEquals(spec.topics, { publish: [], subscribe: ["news.*"] });
});

Deno.test("isolation and permissions that there are not are refused", () => {
  const listen = "echo://127.0.0.1:1";
  const input = {
    services: { a: { listen, isolation: "connections", permissions: { nett: true, env: 5 } } },
  };
  const error = assertThrows(() => resolveConfig(input as never, { base: "/srv" }), ConfigError);
  assertEquals(error.problems.map(({ path, message }) => `${path}: ${message}`), [
    'services.a.isolation: found "connections", wanted one of process, worker, connection (did you mean "connection"?)',
    "services.a.permissions.env: found 5, wanted an item, a list of them, true or false",
    'services.a.permissions.nett: unknown key, did you mean "net"?',
  ]);
});

Deno.test("memory is high once it stays near its limit, and over at once", () => {
  const watch = new MemoryWatch(100);
  const readings: [bytes: number, atMs: number, told: string | undefined][] = [
    [10, 0, "ok"],
    [10, 500, undefined],
    [10, 1000, "ok"],
    [90, 1100, undefined],
    [70, 1200, undefined],
    [90, 1300, undefined],
    [90, 2000, "ok"],
    [90, 2300, "high"],
    [90, 2400, undefined],
    [101, 2500, "over"],
  ];
  for (const [bytes, atMs, told] of readings) {
    assertEquals(watch.take(bytes, atMs), told, `${bytes} at ${atMs}`);
  }
  assertEquals(new MemoryWatch(0).take(1e12, 0), "ok");
});
