import { Sluice } from '@sluice/sdk/node';

const sluice = new Sluice({ url: process.env.SLUICE_URL ?? 'http://127.0.0.1:8000' });

await sluice.push('lab:temperature', '21.5');
for await (const entry of sluice.pull('lab:temperature', { from: '-' })) {
  console.log(entry.id, new TextDecoder().decode(entry.payload));
  break; // without this it goes on with what comes
}

await sluice.close();
