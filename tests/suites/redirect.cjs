"use strict";
// Loaded into Node before a suite (NODE_OPTIONS=--require): connections to servers that the suite's own processes serve on
// TCP, and to ports in SUITE_PORTS, go through a proxy. SUITE_BROKER is the port where one is asked for:
// `{"port":P,"tls":B}`, a line, is answered by a port.

const http = require("node:http");
const net = require("node:net");
const tls = require("node:tls");

const broker = Number(process.env.SUITE_BROKER);
/** Ports that others serve, `FROM:TO`: a suite connects to FROM, and TO is where the server is. */
const outside = new Map(
  (process.env.SUITE_PORTS || "").split(",").filter(Boolean).map((pair) => pair.split(":").map(Number)),
);
/** What listens in this process, and is to be proxied. */
const inside = new Set();
const asked = new Map();

const { connect } = net.Socket.prototype;
const { listen } = net.Server.prototype;

net.Server.prototype.listen = function (...args) {
  if (!(this instanceof http.Server) && !isHttps(this)) inside.add(this);
  this.once("close", () => inside.delete(this));
  return listen.apply(this, args);
};

net.Socket.prototype.connect = function (...args) {
  const normalized = Array.isArray(args[0]);
  const [options, ...rest] = normalized ? args[0] : args;
  const target = typeof options === "object" && options !== null ? options : { port: options, host: rest[0] };
  const port = target.path === undefined ? Number(target.port) : NaN;
  const to = outside.get(port) || port;
  if (!broker && to === port || !outside.has(port) && !serves(port)) return connect.apply(this, args);
  const callback = args.flat().find((arg) => typeof arg === "function");
  const go = (proxy) => {
    if (this.destroyed) return;
    const redirected = { ...target, host: "127.0.0.1", port: proxy };
    connect.call(this, redirected, ...(callback ? [callback] : []));
  };
  if (!broker) {
    go(to);
    return this;
  }
  this.connecting = true;
  proxyOf(to, this instanceof tls.TLSSocket).then(go, (error) => this.destroy(error));
  return this;
};

function serves(port) {
  return [...inside].some((server) => {
    const address = server.listening ? server.address() : null;
    return address !== null && typeof address === "object" && address.port === port;
  });
}

function isHttps(server) {
  return server instanceof require("node:https").Server;
}

/** The port of the proxy before a server. */
function proxyOf(port, secure) {
  const key = `${port} ${secure}`;
  if (!asked.has(key)) asked.set(key, ask({ port, tls: secure }));
  return asked.get(key);
}

function ask(question) {
  return new Promise((resolve, reject) => {
    const socket = new net.Socket();
    let answer = "";
    socket.setEncoding("utf8").on("error", reject).on("data", (text) => answer += text);
    socket.on("end", () => answer ? resolve(Number(answer)) : reject(new Error("There is no proxy")));
    connect.call(
      socket,
      { host: "127.0.0.1", port: broker },
      () => socket.end(`${JSON.stringify(question)}\n`),
    );
  });
}
