/** One server of the demo in a process of its own: tells its port, and on request its highest resident size. */
import { startBareServer } from '../../examples/invoices/src/bare-server.ts';
import { startIdentity } from '../../examples/invoices/src/identity.ts';
import { startProtectedServer } from '../../examples/invoices/src/protected-server.ts';

const identity = await startIdentity();
const server =
  process.argv[2] === 'bare'
    ? await startBareServer({ identity })
    : await startProtectedServer({ identity, slowSeconds: 3 });
process.send?.(Number(new URL(server.origin).port));
process.on('message', () => process.send?.(process.resourceUsage().maxRSS * 1024));
