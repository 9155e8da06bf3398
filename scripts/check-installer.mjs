// Runs before an install: npm and yarn would put together another tree than the lockfile says.
if (!process.env.npm_config_user_agent?.startsWith('pnpm/')) {
  console.error(
    'This workspace is installed by "npm run demo" and "npm test" themselves: run one of them, without "npm install".',
  );
  process.exit(1);
}
