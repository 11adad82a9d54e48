// A whole trade with Deriv's own client against a v3 endpoint: URL, CA file and token come from the
// environment. Prints one JSON object; any surprise ends with exit code 1.
const fs = require('fs');
const assert = require('assert');
const WebSocket = require('ws');
const DerivAPI = require('@deriv/deriv-api/dist/DerivAPI');

const connection = new WebSocket(process.env.SIM_URL, { ca: fs.readFileSync(process.env.SIM_CA) });
const api = new DerivAPI({ connection });
const basic = api.basic;

const first = (stream, wanted, what) => new Promise((resolve, reject) => {
  const bound = setTimeout(() => reject(new Error(`no ${what}`)), 20000);
  const subscription = stream.subscribe((message) => {
    if (!wanted(message)) return;
    clearTimeout(bound);
    setImmediate(() => subscription.unsubscribe());
    resolve(message);
  }, reject);
});

async function refused(promise, code) {
  try {
    await promise;
  } catch (e) {
    assert.strictEqual(e.error ? e.error.code : e.code, code);
    return;
  }
  throw new Error(`not refused with ${code}`);
}

async function main() {
  await refused(basic.balance(), 'AuthorizationRequired');
  await refused(basic.authorize('not-a-token-of-this-venue'), 'InvalidToken');
  const { authorize } = await basic.authorize(process.env.SIM_TOKEN);
  assert(authorize.scopes.includes('trade'));
  const before = (await basic.balance()).balance.balance;
  assert.strictEqual(before, authorize.balance);

  const tick = (await first(basic.subscribe({ ticks: 'R_100' }), (m) => m.tick, 'tick')).tick;
  assert.strictEqual(tick.symbol, 'R_100');
  assert.strictEqual(tick.pip_size, 2);
  const history = (await basic.ticksHistory({ ticks_history: 'R_100', end: 'latest', count: 50 })).history;
  assert.strictEqual(history.prices.length, 50);
  await refused(basic.ticksHistory({ ticks_history: 'NO_SUCH', end: 'latest' }), 'InvalidSymbol');

  const transactions = [];
  basic.subscribe({ transaction: 1 }).subscribe((m) => transactions.push(m.transaction));

  const parameters = {
    contract_type: 'DIGITEVEN', symbol: 'R_100', currency: 'USD', amount: 1, basis: 'stake',
    duration: 1, duration_unit: 't',
  };
  const { proposal } = await basic.proposal({ proposal: 1, ...parameters });
  assert.strictEqual(proposal.payout, 1.95);
  await refused(basic.buy({ buy: '00000000-0000-0000-0000-000000000000', price: 1 }),
    'InvalidContractProposal');
  const { buy } = await basic.buy({ buy: proposal.id, price: proposal.ask_price });
  assert.strictEqual(Math.round((before - buy.balance_after) * 100), 100);
  const open = (await basic.portfolio()).portfolio.contracts;
  assert(open.some((c) => c.contract_id === buy.contract_id));

  const settled = (await first(
    basic.subscribe({ proposal_open_contract: 1, contract_id: buy.contract_id }),
    (m) => m.proposal_open_contract && m.proposal_open_contract.is_sold, 'settlement',
  )).proposal_open_contract;
  const won = settled.status === 'won';
  assert(won || settled.status === 'lost');
  assert.strictEqual(Math.round(settled.profit * 100), won ? 95 : -100);
  const digit = Number(settled.exit_tick_display_value.slice(-1));
  assert.strictEqual(digit % 2 === 0, won);

  const after = (await basic.balance()).balance.balance;
  assert.strictEqual(Math.round((after - before) * 100), won ? 95 : -100);
  const row = (await basic.profitTable({ profit_table: 1, description: 1 })).profit_table
    .transactions.find((t) => t.contract_id === buy.contract_id);
  assert.strictEqual(Math.round(row.sell_price * 100), won ? 195 : 0);
  const rows = (await basic.statement({ statement: 1, description: 1 })).statement.transactions
    .filter((t) => t.contract_id === buy.contract_id);
  assert.deepStrictEqual(rows.map((r) => r.action_type).sort(), ['buy', 'sell']);
  const actions = transactions.filter((t) => t && t.contract_id === buy.contract_id)
    .map((t) => t.action);
  assert.deepStrictEqual(actions, ['buy', 'sell']);
  await refused(basic.sell({ sell: buy.contract_id, price: 0 }), 'ContractAlreadySold');

  // The high-level interface: symbol, contract, ticks.
  const ticks = await api.ticks('R_100');
  assert((await ticks.history({ count: 10, end: 'latest' })).length === 10);
  const contract = await api.contract({ ...parameters, contract_type: 'CALL', duration: 2 });
  const bought = await contract.buy();
  assert(bought);
  const end = await first(contract.onUpdate(), (m) => m.is_sold, 'update of the second contract');
  console.log(JSON.stringify({
    contract_id: buy.contract_id, profit: settled.profit, second: end.id || null,
  }));
  await basic.forgetAll('ticks', 'transaction', 'proposal_open_contract');
  connection.close();
}

main().then(() => process.exit(0), (e) => {
  console.error(e && e.error ? e.error : e);
  process.exit(1);
});
