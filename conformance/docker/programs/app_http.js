// Serves HTTP until SIGTERM, then answers what is in flight and ends: app_http.js MS NAME.
"use strict";
const fs = require("fs");
const http = require("http");

const ms = Number(process.argv[2]);
const name = process.argv[3];
const journal = fs.openSync("/vol/journal", fs.constants.O_WRONLY | fs.constants.O_NONBLOCK);
const record = (event) =>
  fs.writeSync(journal, `${process.hrtime.bigint()} ${process.pid} ${name} ${event}\n`);

// Every request stays open until the stop: the answer is the clean-up.
const inFlight = [];
const server = http.createServer((request, response) => {
  inFlight.push(response);
  record("request");
});

let stopping = false;
process.on("SIGTERM", () => {
  record("got TERM");
  if (stopping) return;
  stopping = true;
  const cleaned = new Promise((resolve) => setTimeout(resolve, ms));
  const closed = new Promise((resolve) => server.close(resolve));
  cleaned.then(() => inFlight.forEach((response) => response.end("answered\n")));
  Promise.all([cleaned, closed]).then(() => {
    record("done");
    process.exit(0);
  });
});

server.listen(`/vol/${name}.sock`, () => {
  fs.chmodSync(`/vol/${name}.sock`, 0o666);
  record("ready");
});
