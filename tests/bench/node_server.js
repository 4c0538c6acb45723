// A server that is not ours to measure beside: node-opcua's, with doubles that change ten times a second.
// node node_server.js MODULES FOLDER PORT COUNT PERIOD_MS; prints "= " and its URL once it serves, and for every line
// that it is sent "= ", its processor time, s, and its resident memory, MB; ends with its input.
"use strict";
const path = require("path");
const readline = require("readline");
const [modules, folder, port, count, period] = process.argv.slice(2);
const opcua = require(path.join(modules, "node-opcua"));

async function main() {
    const manager = new opcua.OPCUACertificateManager({ rootFolder: folder, automaticallyAcceptUnknownCertificate: true });
    await manager.initialize();
    const server = new opcua.OPCUAServer({
        port: Number(port),
        host: "127.0.0.1",
        hostname: "127.0.0.1",
        serverCertificateManager: manager,
        userCertificateManager: manager,
        securityPolicies: [opcua.SecurityPolicy.None],
        securityModes: [opcua.MessageSecurityMode.None],
        maxConnectionsPerEndpoint: 20,
        serverCapabilities: {
            maxMonitoredItems: 1000000, maxMonitoredItemsPerSubscription: 100000, maxSubscriptions: 100,
            operationLimits: { maxMonitoredItemsPerCall: 10000, maxNodesPerRead: 10000 },
        },
    });
    await server.initialize();
    const namespace = server.engine.addressSpace.registerNamespace("urn:plantsim:plant");
    const folderNode = namespace.addFolder(server.engine.addressSpace.rootFolder.objects, { browseName: "Plant" });
    const variables = Array.from({ length: Number(count) }, (_, n) => namespace.addVariable({
        componentOf: folderNode, nodeId: `s=X-${n}.PV`, browseName: `X-${n}.PV`, dataType: "Double", minimumSamplingInterval: 0,
        value: { dataType: opcua.DataType.Double, value: n },
    }));
    await server.start();
    let scan = 0;
    setInterval(() => {
        scan += 1;
        const now = new Date();
        variables.forEach((variable, n) => variable.setValueFromSource(
            { dataType: opcua.DataType.Double, value: n + 0.5 * scan }, opcua.StatusCodes.Good, now));
    }, Number(period));
    console.log(`= ${server.getEndpointUrl()}`);
    const lines = readline.createInterface({ input: process.stdin });
    lines.on("line", () => {
        const { user, system } = process.cpuUsage();
        console.log(`= ${(user + system) / 1e6} ${process.memoryUsage().rss / 1048576}`);
    });
    lines.on("close", () => process.exit(0));
}

main().catch((error) => { console.error(error); process.exit(1); });
