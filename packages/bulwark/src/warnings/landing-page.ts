/** Notices when a plugin of the application serves a landing page, which is known only when the server starts. */
import type { ApolloServerPlugin, BaseContext } from '@apollo/server';

const served = 'plugins: a landing page is served in production, to anyone who opens the URL.';

/** @returns a plugin that does the same, and warns when it starts with a landing page. */
export function watchLandingPage<C extends BaseContext>(
  plugin: ApolloServerPlugin<C>,
  warn: (message: string) => void,
): ApolloServerPlugin<C> {
  // Apollo Server recognises its own plugins by properties that a copy would not have. None of those with an id serves a page.
  if (!plugin.serverWillStart || '__internal_plugin_id__' in plugin) return plugin;
  return {
    ...bindHook(plugin, 'requestDidStart'),
    ...bindHook(plugin, 'startupDidFail'),
    ...bindHook(plugin, 'contextCreationDidFail'),
    ...bindHook(plugin, 'invalidRequestWasReceived'),
    ...bindHook(plugin, 'unexpectedErrorProcessingRequest'),
    async serverWillStart(service) {
      const listener = await plugin.serverWillStart?.(service);
      if (listener?.renderLandingPage) warn(served);
      return listener;
    },
  };
}

/** Copies one hook, bound to its plugin, which may be an instance of a class. */
function bindHook<C extends BaseContext, H extends keyof ApolloServerPlugin<C>>(
  plugin: ApolloServerPlugin<C>,
  name: H,
): Pick<ApolloServerPlugin<C>, H> {
  const { [name]: hook } = plugin;
  return (typeof hook === 'function' ? { [name]: hook.bind(plugin) } : {}) as Pick<ApolloServerPlugin<C>, H>;
}
