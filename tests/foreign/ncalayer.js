// SPDX-License-Identifier: Apache-2.0
// ncalayer.js ADDRESS BASE64: the public npm client asks for a detached CMS signature, as any page that uses it would.
const { NCALayerClient } = require("ncalayer-js-client");
(async () => {
  const client = new NCALayerClient(process.argv[2], false);
  await client.connect();
  const made = await client.basicsSignCMS(null, process.argv[3], NCALayerClient.basicsCMSParamsDetached, NCALayerClient.basicsSignerSignAny, "en");
  process.stdout.write(made);
  process.exit(0);
})().catch((error) => {
  console.error(error.message);
  process.exit(error.canceledByUser ? 3 : 1);
});
