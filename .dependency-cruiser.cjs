/** Who may import whom. Each rule's comment is printed with a violation. */
const specs = String.raw`(\.spec\.ts|/test/.*\.ts)$`;
const testing = '^libs/testing/';

/** A lib may import only the named libs (and itself). */
const onlyImports = (lib, allowed, reason) => ({
  name: `${lib}-imports-only-${allowed.length > 0 ? allowed.join('-and-') : 'itself'}`,
  comment: reason,
  severity: 'error',
  from: { path: `^libs/${lib}/`, pathNot: specs },
  to: { path: '^(libs|apps)/', pathNot: `^libs/(${[lib, ...allowed].join('|')})/` },
});

module.exports = {
  forbidden: [
    onlyImports(
      'wire',
      [],
      'wire is bytes and views: it has no dependency, so that it runs in a browser and nothing above can leak into it.',
    ),
    onlyImports(
      'contracts',
      ['wire'],
      'contracts says what is valid and what it is called; it must not know who uses it.',
    ),
    onlyImports(
      'stream-log',
      ['wire', 'contracts'],
      'stream-log is the log alone: what it needs of a service is given to it by its caller.',
    ),
    onlyImports(
      'catalog',
      ['wire', 'contracts', 'stream-log'],
      'catalog is what is known of devices and streams, for every service: it must not depend on what one of them does.',
    ),
    onlyImports(
      'sdk',
      ['wire', 'contracts'],
      'the SDK is published and runs in browsers: it may carry only wire and contracts along.',
    ),
    onlyImports(
      'service-kit',
      ['wire', 'contracts', 'stream-log'],
      'service-kit starts every service, so it must not depend on what one of them does.',
    ),
    {
      name: 'wire-has-no-dependency',
      comment: 'wire runs in a browser and in every service: it needs neither a package nor a module of Node.',
      severity: 'error',
      from: { path: '^libs/wire/src/', pathNot: specs },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg'],
        pathNot: '^(libs|apps)/',
      },
    },
    {
      name: 'contracts-without-nest',
      comment:
        'Only the dto entry of contracts may use class-validator, class-transformer and swagger: browser code imports the main entry, and must not get Nest with it.',
      severity: 'error',
      from: { path: '^libs/contracts/src/', pathNot: [specs, '^libs/contracts/src/dto/'] },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg'],
        pathNot: '^(libs|apps)/',
      },
    },
    {
      name: 'contracts-main-without-dto',
      comment:
        'The main entry of contracts must not reach its DTO classes: they bring Nest along. Import @sluice/contracts/dto where they are needed.',
      severity: 'error',
      from: { path: '^libs/contracts/src/', pathNot: [specs, '^libs/contracts/src/dto/'] },
      to: { path: '^libs/contracts/src/dto/' },
    },
    {
      name: 'sdk-in-browsers',
      comment:
        'The SDK runs in browsers: modules of Node and packages made for Node only in files named *.node.ts or in a node/ folder.',
      severity: 'error',
      from: { path: '^libs/sdk/src/', pathNot: [specs, String.raw`\.node\.ts$`, '/node/'] },
      to: {
        dependencyTypes: ['core', 'npm', 'npm-dev', 'npm-optional', 'npm-peer', 'npm-no-pkg'],
        pathNot: '^(libs|apps)/',
      },
    },
    {
      name: 'sdk-without-dto',
      comment: 'The SDK runs in browsers: the DTO classes of contracts would bring Nest along.',
      severity: 'error',
      from: { path: '^libs/sdk/src/' },
      to: { path: '^libs/contracts/src/dto/' },
    },
    {
      name: 'apps-apart',
      comment: 'Apps never import apps: they talk through the log, or HTTP. What two apps need is a lib.',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'libs-below-apps',
      comment: 'A lib never imports an app: it would no longer serve the others.',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'testing-in-tests-only',
      comment: '@sluice/testing starts servers and processes: only specs and files in test/ may import it.',
      severity: 'error',
      from: { pathNot: [specs, testing] },
      to: { path: testing },
    },
    {
      name: 'no-deep-import',
      comment:
        'A package is used through the entries that its package.json exports; everything else may change at any time.',
      severity: 'error',
      from: { path: '^(libs|apps)/([^/]+)/' },
      to: {
        path: '^libs/[^/]+/(src|dist)/',
        pathNot: [
          '^$1/$2/',
          '^libs/[^/]+/src/index[.]ts$',
          '^libs/contracts/src/dto/index[.]ts$',
          '^libs/sdk/src/node/index[.]ts$',
        ],
      },
    },
    {
      name: 'no-cycle',
      comment:
        'Files that import each other cannot be understood apart, and two decorated classes that do so crash when they are loaded.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'declared-packages-only',
      comment:
        'Every package is declared in package.json: another one is there by accident and may be gone after the next installation.',
      severity: 'error',
      from: { path: '^(apps|libs)/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], pathNot: '^(libs|apps)/' },
    },
    {
      name: 'no-development-package',
      comment: 'What runs in production may use dependencies only: development packages are not installed there.',
      severity: 'error',
      from: { path: '^(apps|libs)/[^/]+/src/', pathNot: [specs, testing] },
      to: {
        dependencyTypes: ['npm-dev'],
        dependencyTypesNot: ['type-only', 'npm'],
        pathNot: ['^(libs|apps)/', '^node_modules/@types/'],
      },
    },
    {
      name: 'resolvable',
      comment:
        'The import leads nowhere: the file or package does not exist, or the package does not export that path.',
      severity: 'error',
      from: { path: '^(apps|libs)/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(apps|libs)/[^/]+/dist/' },
    combinedDependencies: true,
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@sluice/source', 'import', 'node', 'default', 'types'],
    },
    reporterOptions: { text: { highlightFocused: true } },
  },
};
