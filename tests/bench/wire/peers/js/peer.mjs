#!/usr/bin/env node
// A peer of tick to buy: what wire_bare does (../../bare.cpp), written as a user of Deriv's own
// library @deriv/deriv-api would write it, by its own calls and with its own defaults.
//
//   peer.mjs PORT CA_FILE options|v3
//
// Ends with 0 when the venue closes the connection, with 1 when anything else happens. The library
// takes a connection that its user has opened, so that the certificates are an option of ws, and
// sends whatever parameters it is given: it speaks both dialects.
import { readFileSync } from 'node:fs';
import DerivAPIBasic from '@deriv/deriv-api/dist/DerivAPIBasic.js';
import WebSocket from 'ws';

const SYMBOL = '1HZ100V';

const [port, caFile, dialect] = process.argv.slice(2);
if (process.argv.length !== 5) {
  console.error('usage: peer.mjs PORT CA_FILE options|v3');
  process.exit(64);
}
const v3 = dialect === 'v3';
const path = v3 ? 'websockets/v3?app_id=1089' : 'trading/v1/options/ws/demo?otp=peer';

function failed(what) {
  console.error(`peer.mjs: ${what?.error?.message ?? what?.message ?? what}`);
  process.exit(1);
}

const connection = new WebSocket(`wss://127.0.0.1:${port}/${path}`, { ca: readFileSync(caFile) });
const api = new DerivAPIBasic({ connection });
// A connection that never was is closed, too.
let isOpen = false;
connection.on('open', () => { isOpen = true; });
connection.on('error', failed);
api.onClose().subscribe(() => process.exit(isOpen ? 0 : 1));

function buy(contractType) {
  return api.buy({
    buy: '1',
    price: 0.35,
    parameters: {
      contract_type: contractType,
      [v3 ? 'symbol' : 'underlying_symbol']: SYMBOL,
      currency: 'USD',
      basis: 'stake',
      amount: 0.35,
      duration: 1,
      duration_unit: 't',
    },
  });
}

if (v3) await api.authorize({ authorize: 'peer' }).catch(failed);

let wasEven = false;
let run = 0;
api.subscribe({ ticks: SYMBOL }).subscribe({
  next: ({ tick }) => {
    const isEven = Math.round(tick.quote * 100) % 2 === 0;
    run = isEven === wasEven ? run + 1 : 1;
    wasEven = isEven;
    if (run < 2) return;
    buy(isEven ? 'DIGITODD' : 'DIGITEVEN').catch(failed);
    run = 0;
  },
  error: failed,
});
