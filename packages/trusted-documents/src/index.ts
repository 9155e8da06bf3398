export type { ApolloManifest, Manifest } from './manifest.ts';
export type { ManifestFile, ManifestSource } from './manifest-source.ts';
export type { DocumentStore } from './pinned-documents.ts';
export type { Loaded, ReloadOptions } from './reloading.ts';
export { type TrustedDocuments, type TrustedDocumentsOptions, trustedDocuments } from './trusted-documents.ts';
