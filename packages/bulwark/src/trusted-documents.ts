/** The documents that clients were built with: the value for the option `trustedDocuments`. */
export {
  type ApolloManifest,
  type DocumentStore,
  type Loaded,
  type Manifest,
  type ManifestFile,
  type ManifestSource,
  type ReloadOptions,
  type TrustedDocuments,
  type TrustedDocumentsOptions,
  trustedDocuments,
} from '@graphql-bulwark/trusted-documents';
