/** Notices a landing page among the application's plugins: whether one serves it is known only when the server starts. */
import type { ApolloServerPlugin, BaseContext } from '@apollo/server';

/** The same plugin; `noticed` is called when it starts and has a page to show. */
export function watchLandingPage<C extends BaseContext>(
  plugin: ApolloServerPlugin<C>,
  noticed: () => void,
): ApolloServerPlugin<C> {
  // Apollo Server knows its own plugins by properties that a copy would lose; none of those with an id shows a page.
  if (!plugin.serverWillStart || '__internal_plugin_id__' in plugin) return plugin;
  return {
    ...bindHook(plugin, 'requestDidStart'),
    ...bindHook(plugin, 'startupDidFail'),
    ...bindHook(plugin, 'contextCreationDidFail'),
    ...bindHook(plugin, 'invalidRequestWasReceived'),
    ...bindHook(plugin, 'unexpectedErrorProcessingRequest'),
    async serverWillStart(service) {
      const listener = await plugin.serverWillStart?.(service);
      if (listener?.renderLandingPage) noticed();
      return listener;
    },
  };
}

/** One hook, called on its own plugin, which may be an object of a class. */
function bindHook<C extends BaseContext, H extends keyof ApolloServerPlugin<C>>(
  plugin: ApolloServerPlugin<C>,
  name: H,
): Pick<ApolloServerPlugin<C>, H> {
  const { [name]: hook } = plugin;
  return (typeof hook === 'function' ? { [name]: hook.bind(plugin) } : {}) as Pick<ApolloServerPlugin<C>, H>;
}
