import own from './jest.config.mjs';

const suite = ['reading', 'sending', 'stream', 'state', 'staging', 'api-keys'];

/** The same tests as without it, asked at a gateway that has three processes of the channel gateway behind it. */
export default {
  ...own,
  displayName: 'channel-gateway of three replicas',
  globals: { replicaCount: 3 },
  testMatch: suite.map((name) => `<rootDir>/test/${name}.spec.ts`),
};
