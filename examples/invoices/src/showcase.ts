/**
 * The demo: the same honest traffic and the same attacks, over HTTP and WebSockets, against the API without Bulwark and
 * with it.
 * `--serve` keeps both running instead; with `--trusted`, the protected one runs nothing but what the honest clients send.
 */
import { hash, randomUUID } from 'node:crypto';
import { pathToFileURL } from 'node:url';
import { styleText } from 'node:util';
import { trustedDocuments } from 'graphql-bulwark/trusted-documents';
import type { Attack, Outcome } from './attacks/attack.ts';
import { documentAttacks } from './attacks/documents.ts';
import { chapters as allChapters, type Chapter } from './attacks/index.ts';
import { startBareServer } from './bare-server.ts';
import { comeFrom, recordTexts } from './client.ts';
import { demoUsers } from './demo-users.ts';
import { afterwards, type HonestOperation, honestOperations, Refused } from './honest.ts';
import type { RunningServer } from './http.ts';
import { type Identity, startIdentity } from './identity.ts';
import { startProtectedServer } from './protected-server.ts';
import { serve } from './serve.ts';
import {
  headTable,
  introduction,
  listAlerts,
  type Paint,
  plain,
  printRow,
  type Row,
  type Showcase,
  summariseTable,
  type Timed,
} from './table.ts';
import { aim, type Target } from './target.ts';

export interface ShowcaseOptions {
  /** Gets each row as soon as both servers have answered, and the totals in the end. @default console.log */
  readonly log?: (text: string) => void;
  /** @default no colours */
  readonly paint?: Paint;
  /** Where the protected server counts. Left out: in memory. */
  readonly redisUrl?: string | undefined;
  /** Starts what is held against the bare server. @default the API behind Bulwark */
  readonly protect?: typeof startProtectedServer;
  /** Only what the honest clients send may be sent to the protected server. @default false */
  readonly trusted?: boolean;
  /** @default all */
  readonly honest?: readonly HonestOperation[];
  /** @default all */
  readonly chapters?: readonly Chapter[];
}

export async function runShowcase(options: ShowcaseOptions = {}): Promise<Showcase> {
  const { log = console.log, paint = plain, redisUrl, protect = startProtectedServer } = options;
  const { trusted = false, chapters = trusted ? [...allChapters, documents] : allChapters } = options;
  const { honest = trusted ? honestOperations.filter(({ registers }) => !registers) : honestOperations } = options;
  const identity = await startIdentity();
  const servers: RunningServer[] = [];
  try {
    servers.push(await startBareServer({ identity }));
    const redisKeyPrefix = `invoices:${randomUUID()}:`; // a run does not count for the next one
    // The client of the showcase stands for one proxy in front: it writes X-Forwarded-For.
    const trust = trusted ? { trustedDocuments: await listDocuments(honest, identity) } : {};
    servers.push(await protect({ identity, redisUrl, redisKeyPrefix, trustedHops: 1, ...trust }));
    const [bare, bulwark] = await Promise.all(servers.map((server) => aim(server.url, identity)));
    if (!bare || !bulwark) throw new Error('Two servers were started');

    const rows: Row[] = [];
    let untried = 0;
    const add = (row: Row): void => {
      const last = rows.at(-1);
      if (last?.kind !== row.kind) log(headTable(row.kind, paint));
      if (row.chapter !== '' && last?.chapter !== row.chapter) log(`\n${paint('bold', row.chapter)}`);
      rows.push(row);
      log(printRow(row, paint));
    };
    const asked = async ({ name, run }: HonestOperation): Promise<void> => {
      const [left, right] = [await timed(() => honestly(run, bare)), await timed(() => honestly(run, bulwark))];
      add({ kind: 'honest', name, chapter: '', bare: left, bulwark: right, expect: [] });
    };
    log(introduction.join('\n'));
    for (const operation of honest) await asked(operation);
    const attacks = chapters.flatMap(({ title, attacks: all }) => all.map((attack) => ({ ...attack, chapter: title })));
    for (const [n, { name, chapter, run, expect }] of attacks.entries()) {
      comeFrom(`198.51.100.${n + 1}`);
      // Another account each time, as well: who has been refused 60 times in a minute hears nothing more.
      const attacker = await identity.issueAccessToken({ ...demoUsers.attacker, id: `usr_${12 + (n % 39)}` });
      const as = (target: Target): Target => ({ ...target, tokens: { ...target.tokens, attacker } });
      const left = await timed(() => attempt(run, as(bare)));
      const right = await timed(() => attempt(run, as(bulwark)));
      // Some attacks begin with a document of their own, which reads what is to be stolen.
      if (trusted && right.isUntried) untried += 1;
      else
        add({
          kind: 'attack',
          name,
          chapter,
          bare: left,
          bulwark: right,
          expect: [...expect, ...(trusted ? refused : [])],
        });
    }
    comeFrom('203.0.113.1');
    await asked(afterwards);
    if (untried > 0)
      log(`\n${untried} attacks could not even begin: the first document that they send is not trusted.`);
    const result = summarise(rows);
    log(summariseTable(result, paint));
    log(listAlerts((await servers[1]?.alerts?.()) ?? [], paint));
    return result;
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    await identity.stop();
  }
}

/** Answers that stand for every other one where documents are trusted. */
const refused = ['DOCUMENT_NOT_TRUSTED', 'PERSISTED_QUERY_NOT_FOUND'];

const documents: Chapter = { title: 'Sending documents that are not trusted', attacks: documentAttacks };

/** Lists what the honest clients send, as the builds of real ones write a manifest. */
async function listDocuments(honest: readonly HonestOperation[], identity: Identity) {
  // On a server of its own, because some of them delete what the comparison needs.
  const server = await startBareServer({ identity });
  const target = await aim(server.url, identity);
  const texts = await recordTexts(async () => {
    for (const { run } of [...honest, afterwards]) await honestly(run, target);
  });
  await server.stop();
  const manifest = Object.fromEntries(texts.map((text) => [hash('sha256', text), text]));
  return trustedDocuments({ manifests: [() => manifest], mode: 'require' });
}

/** 1 when an attack got through Bulwark, or an honest operation was refused; 0 otherwise. */
export function exitCode({ attacksThrough, honestRefused }: Showcase): number {
  return attacksThrough.length + honestRefused.length > 0 ? 1 : 0;
}

function summarise(rows: readonly Row[]): Showcase {
  const names = (keep: (row: Row) => boolean): string[] => rows.filter(keep).map((row) => row.name);
  return {
    rows,
    attacksThrough: names(({ kind, bulwark }) => kind === 'attack' && !bulwark.stopped),
    otherCodes: rows
      .filter(({ kind, bulwark, expect }) => {
        return kind === 'attack' && bulwark.stopped && !expect.includes(bulwark.code ?? '-');
      })
      .map(({ name, bulwark }) => `${name}: ${bulwark.code ?? '-'}`),
    honestRefused: names(({ kind, bare, bulwark }) => kind === 'honest' && (bare.stopped || bulwark.stopped)),
  };
}

async function honestly(run: (target: Target) => Promise<unknown>, target: Target): Promise<Outcome> {
  try {
    await run(target);
    return { stopped: false, status: 200, code: undefined, note: 'answered' };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { stopped: true, status: error.answer.status, code: error.answer.code, note: error.message };
  }
}

/** An attack that could not be tried proves nothing, so it does not count as stopped. */
async function attempt(run: Attack['run'], target: Target): Promise<Outcome> {
  try {
    return await run(target);
  } catch (error) {
    return { stopped: false, status: 0, code: undefined, isUntried: true, note: `not tried: ${String(error)}` };
  }
}

async function timed(run: () => Promise<Outcome>): Promise<Timed> {
  const start = performance.now();
  const outcome = await run();
  return { ...outcome, ms: Math.round(performance.now() - start) };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  if (process.argv.includes('--serve')) {
    await serve().catch((error: unknown) => {
      console.error(error instanceof Error ? error.message : error);
      process.exitCode = 1;
    });
  } else {
    const { env, stdout } = process;
    // https://no-color.org: set to anything but nothing, it means no colours.
    const hasColours = stdout.isTTY && stdout.hasColors() && !env['NO_COLOR'];
    console.log('Two servers start, and about a hundred requests are made of each. It takes half a minute.\n');
    process.exitCode = exitCode(
      await runShowcase({
        redisUrl: env['REDIS_URL'],
        trusted: process.argv.includes('--trusted'),
        ...(hasColours && { paint: styleText }),
      }),
    );
    console.log(`
Next:
  npm run demo -- --serve    keeps both servers running, with users to log in as
  examples/invoices/         the API under attack: its schema says who may do what
  README.md                  "Protect your server": the lines that change in yours`);
  }
}
