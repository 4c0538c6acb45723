// Another server than ours: node-opcua loads a NodeSet2 file and prints what it made of it as JSON.
// node load.js '{"modules": ..., "file": ..., "ask": ["Unit.R-201", ...]}'
"use strict";
const path = require("path");
const given = JSON.parse(process.argv[2]);
const { AddressSpace, nodesets } = require(path.join(given.modules, "node-opcua"));
const { generateAddressSpace } = require(path.join(given.modules, "node-opcua-address-space", "nodeJS"));

(async () => {
    const space = AddressSpace.create();
    await generateAddressSpace(space, [nodesets.standard, given.file]);
    const index = space.getNamespaceIndex("urn:plantsim:plant");
    const told = {};
    for (const name of given.ask) {
        const node = space.findNode(`ns=${index};s=${name}`);
        const type = node && node.typeDefinitionObj;
        const base = node && node.subtypeOfObj;
        told[name] = node && {
            type: type ? type.browseName.name : null,
            base: base ? base.browseName.name : null,
            members: (node.getComponents ? node.getComponents() : []).map((one) => one.browseName.name),
            flows: node.findReferencesExAsObject(`ns=${index};s=FlowsTo`).map((one) => one.nodeId.value),
            rule: node.modellingRule || null,
        };
    }
    console.log(JSON.stringify(told));
    space.dispose();
})().catch((error) => {
    console.error(error);
    process.exit(1);
});
