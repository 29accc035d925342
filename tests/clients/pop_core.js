// Calls an action with @alicloud/pop-core: reads {settings, action, parameters, options, times} as JSON from stdin,
// writes what came of the last call, {answer} or {error: {name, code, requestId}}, as JSON to stdout.
'use strict';

const {readFileSync} = require('fs');
const {RPCClient} = require('@alicloud/pop-core');

const {settings, action, parameters, options, times} = JSON.parse(readFileSync(0, 'utf8'));

function call(client) {
  return client.request(action, parameters, {...options}).then(
    (answer) => ({answer}),
    (error) => ({error: {name: error.name, code: error.code, requestId: error.data && error.data.RequestId}}),
  );
}

async function main() {
  const client = new RPCClient(settings);
  let told;
  for (let made = 0; made < times; made += 1) {
    told = await call(client);
  }
  process.stdout.write(JSON.stringify(told));
}

main();
