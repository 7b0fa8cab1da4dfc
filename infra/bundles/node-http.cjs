// An ES module that imports node:http has Node read all its exports. WebSocket is one, and loads Node's own copy of undici.
module.exports = process.getBuiltinModule('node:http');
