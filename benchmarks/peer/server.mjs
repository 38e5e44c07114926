// @tus/server with its file store, as its own documentation starts it; /health is answered by the same process.
//
//     node server.mjs FOLDER      prints its port once it listens
import http from "node:http";

import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const tus = new Server({ path: "/files", datastore: new FileStore({ directory: process.argv[2] }) });

const server = http.createServer((request, response) => {
  if (request.url === "/health") {
    response.setHeader("Content-Type", "application/json").end('{"status":"healthy"}');
  } else {
    tus.handle(request, response);
  }
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
