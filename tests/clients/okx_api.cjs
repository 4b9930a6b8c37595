/*
 * Tiago Siebler's SDK for Node (npm: okx-api) reads the simulator and trades on it.
 *
 * Changed: its addresses.  Its own `wsUrl` gives all paths one address, so that the
 * method that looks them up is replaced.  Usage: node okx_api.cjs WS REST MODE, in the
 * directory that the SDK is installed in.
 */
"use strict";

const { createRequire } = require("node:module");
const path = require("node:path");
const { once, EventEmitter } = require("node:events");
const { crc32 } = require("node:zlib");

const local = createRequire(path.join(process.cwd(), "package.json"));
const { RestClient, WebsocketAPIClient, WebsocketClient } = local("okx-api");

const [wsBase, rest, mode] = process.argv.slice(2);
const KEY = {
  apiKey: "simulator-key",
  apiSecret: "simulator-secret",
  apiPass: "simulator-pass",
};
const SPOT = "BTC-USDT";
const SWAP = "BTC-USDT-SWAP";
const WAIT = 30_000;
const QUIET = Object.fromEntries(
  ["trace", "info", "error"].map((level) => [level, () => {}]),
);
let hasFailed = false;

function tell(check, result, words = "") {
  console.log(`\n${JSON.stringify({ check, result, words })}`);
}

async function check(names, run) {
  try {
    await run();
    names.forEach((name) => tell(name, "ok"));
  } catch (error) {
    hasFailed = true;
    console.error(error);
    names.forEach((name) => tell(name, "failed", String(error?.stack ?? error)));
  }
}

function assert(holds, ...what) {
  if (!holds) throw new Error(JSON.stringify(what));
}

/** Point a client to the simulator, path by path. */
function address(client) {
  client.getWsUrl = async (key) => {
    const name = /(public|private|business)/i.exec(key)[1].toLowerCase();
    return `${wsBase}/ws/v5/${name}`;
  };
  return client;
}

/** Collects the pushes of a client, and hands them out by channel. */
class Pushes extends EventEmitter {
  constructor(client) {
    super();
    this.kept = [];
    client.on("update", (push) => {
      this.kept.push(push);
      this.emit("push");
    });
  }

  /** Return the next push that fits; others of its channel are dropped. */
  async next(channel, fits = () => true) {
    const signal = AbortSignal.timeout(WAIT);
    for (;;) {
      for (;;) {
        const i = this.kept.findIndex((push) => push.arg.channel === channel);
        if (i < 0) break;
        const [push] = this.kept.splice(i, 1);
        if (fits(push)) return push;
      }
      await once(this, "push", { signal });
    }
  }
}

/** Merge a push into a book, by texts, and return its checksum. */
function merge(book, push) {
  const [row] = push.data;
  for (const side of ["asks", "bids"]) {
    if (push.action === "snapshot") book[side] = new Map();
    for (const [px, sz] of row[side]) {
      if (sz === "0") book[side].delete(px);
      else book[side].set(px, sz);
    }
  }
  const bids = [...book.bids].sort((a, b) => b[0] - a[0]);
  const asks = [...book.asks].sort((a, b) => a[0] - b[0]);
  assert(bids.length <= 400 && asks.length <= 400, "too deep");
  assert(Number(bids[0][0]) < Number(asks[0][0]), "crossed");
  const parts = [];
  for (let i = 0; i < 25; i += 1) {
    for (const side of [bids, asks]) if (side[i]) parts.push(side[i].join(":"));
  }
  return parts.join(":");
}

async function readBooks(pushes) {
  const book = {};
  let seqId = -1;
  for (let i = 0; i <= 20; i += 1) {
    const push = await pushes.next("books");
    const [row] = push.data;
    assert((push.action === "snapshot") === (i === 0), push.action);
    assert(row.prevSeqId === seqId, row.prevSeqId, seqId);
    seqId = row.seqId;
    const text = merge(book, push);
    assert((row.checksum === 0) === (mode === "zero"), row.checksum);
    // Node has a CRC of its own since 20.15.
    if (row.checksum !== 0 && crc32) assert(row.checksum === (crc32(text) | 0), text);
  }
}

async function readMarket() {
  const client = address(new WebsocketClient({}, QUIET));
  const pushes = new Pushes(client);
  const public_ = new RestClient({ baseUrl: rest });
  const args = ["tickers", "trades", "books", "candle1m"];
  client.subscribe(args.map((channel) => ({ channel, instId: SPOT })));
  await check(["tickers"], async () => {
    const [row] = (await pushes.next("tickers")).data;
    assert(Number(row.bidPx) < Number(row.askPx), row);
    const [asked] = await public_.getTicker({ instId: SPOT });
    assert(asked.instId === SPOT && Number(asked.last) > 0, asked);
  });
  await check(["trades"], async () => {
    let last = null;
    for (let i = 0; i < 3; i += 1) {
      for (const row of (await pushes.next("trades")).data) {
        const first = Number(row.tradeId) - Number(row.count) + 1;
        assert(last === null || first === last + 1, last, row);
        last = Number(row.tradeId);
      }
    }
  });
  await check(["books"], () => readBooks(pushes));
  await check(["candles"], async () => {
    for (let i = 0; i < 2; i += 1) {
      for (const row of (await pushes.next("candle1m")).data) {
        assert(row.length === 9 && Number(row[0]) % 60_000 === 0, row);
        assert(Number(row[3]) <= Number(row[4]) && Number(row[4]) <= Number(row[2]), row);
      }
    }
  });
  client.closeAll(true);
}

async function trade() {
  const api = new WebsocketAPIClient({ accounts: [KEY] }, QUIET);
  const client = address(api.getWSClient());
  const signed = new RestClient({ ...KEY, baseUrl: rest });
  const pushes = new Pushes(client);
  const listed = {};
  for (const instType of ["SPOT", "SWAP"]) {
    for (const one of await signed.getInstruments({ instType })) {
      listed[one.instId] = one;
    }
  }
  const [{ bidPx }] = await signed.getTicker({ instId: SPOT });
  const spot = { instIdCode: listed[SPOT].instIdCode, tdMode: "cash", side: "buy" };
  const ofOrder = (ordId, state) => (push) =>
    push.data.some((row) => row.ordId === ordId && row.state === state);
  const states = [];
  client.on("update", (push) => {
    if (push.arg.channel === "orders") {
      states.push(...push.data.map((row) => [row.ordId, row.state].join()));
    }
  });

  await check(["login", "account"], async () => {
    await Promise.all(
      client.subscribe([
        { channel: "account" },
        { channel: "orders", instType: "ANY" },
        { channel: "positions", instType: "ANY" },
      ]),
    );
    const [row] = (await pushes.next("account")).data;
    const [asked] = await signed.getBalance();
    const usdt = (one) => one.details.find(({ ccy }) => ccy === "USDT").cashBal;
    assert(usdt(row) === usdt(asked), row, asked);
  });
  let resting = "";
  await check(["place"], async () => {
    const answer = await api.submitNewOrder({
      ...spot,
      ordType: "limit",
      sz: "0.01",
      px: String(Math.floor(Number(bidPx) / 2)),
    });
    resting = answer.data[0].ordId;
    await pushes.next("orders", ofOrder(resting, "live"));
  });
  await check(["cancel"], async () => {
    const { instIdCode } = spot;
    await api.cancelOrder({ instIdCode, instId: SPOT, ordId: resting });
    await pushes.next("orders", ofOrder(resting, "canceled"));
  });
  await check(["fill"], async () => {
    const order = { ...spot, ordType: "market", sz: "0.01", tgtCcy: "base_ccy" };
    const answer = await api.submitNewOrder(order);
    const { ordId } = answer.data[0];
    await pushes.next("orders", ofOrder(ordId, "filled"));
    const [asked] = await signed.getOrderDetails({ instId: SPOT, ordId });
    assert(asked.state === "filled" && asked.accFillSz === "0.01", asked);
  });
  await check(["orders"], async () => {
    const wanted = [`${resting},live`, `${resting},canceled`];
    assert(states.slice(0, 2).join() === wanted.join(), states);
  });
  await check(["positions"], async () => {
    const order = { tdMode: "cross", side: "buy", ordType: "market", sz: "1" };
    await api.submitNewOrder({ ...order, instIdCode: listed[SWAP].instIdCode });
    const held = ({ data }) => data.some((row) => row.instId === SWAP);
    const { data } = await pushes.next("positions", held);
    assert(data.find((row) => row.instId === SWAP).pos === "1", data);
    const [asked] = await signed.getPositions({ instType: "SWAP" });
    assert(asked.pos === "1", asked);
  });
  client.closeAll(true);
}

async function beRefused() {
  const wrong = { ...KEY, apiPass: "guess" };
  const client = address(new WebsocketClient({ accounts: [wrong] }, QUIET));
  await check(["refused"], async () => {
    const signal = AbortSignal.timeout(WAIT);
    const heard = once(client, "exception", { signal });
    client.connectPrivate().catch(() => {});
    const [refusal] = await heard;
    assert(refusal.code === "60024", refusal);
    const stranger = new RestClient({ ...wrong, baseUrl: rest });
    const error = await stranger.getBalance().then(
      (rows) => ({ rows }),
      (why) => why,
    );
    assert(error.code === "50105" || error.body?.code === "50105", error);
  });
  client.closeAll(true);
}

async function main() {
  await readMarket();
  await trade();
  await beRefused();
  process.exit(hasFailed ? 1 : 0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
