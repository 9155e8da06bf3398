/** Apollo Server's own plugins carry an id, by which it knows that one is there or switched off. */
export function pluginId(plugin: object): string | undefined {
  const { __internal_plugin_id__: id } = plugin as { __internal_plugin_id__?: unknown };
  if (typeof id === 'string') return id;
  return typeof id === 'function' ? String(Reflect.apply(id as () => unknown, plugin, [])) : undefined;
}
