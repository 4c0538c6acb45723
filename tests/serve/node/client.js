// A client that is not ours: node-opcua asks the server for all that its users ask for, and prints what it was told as JSON.
// node client.js '{"endpoint": ..., "policy": "Basic256Sha256", "mode": "SignAndEncrypt", "user": ..., "password": ..., "pki": ...}'
"use strict";
const path = require("path");
const given = JSON.parse(process.argv[2]);
const opcua = require(path.join(given.modules, "node-opcua"));
const {
    AggregateFunction, AttributeIds, BrowseDirection, DataChangeFilter, DataChangeTrigger, DataType, DeadbandType,
    MessageSecurityMode, MethodIds, MonitoringMode, NodeClass, OPCUACertificateManager, OPCUAClient, SecurityPolicy, StatusCodes,
    TimestampsToReturn, UserTokenType, Variant, constructEventFilter, coerceNodeId, makeBrowsePath,
} = opcua;

const told = {};
const patience = 30000;

function until(condition) {
    return new Promise((resolve, reject) => {
        const end = Date.now() + patience;
        (function look() {
            if (condition()) resolve();
            else if (Date.now() > end) reject(new Error(`waited in vain for ${condition}`));
            else setTimeout(look, 20);
        })();
    });
}

async function browseAll(session, id) {
    const seen = new Map();
    const most = await session.read({ nodeId: "ns=0;i=11710", attributeId: AttributeIds.Value }); // MaxNodesPerBrowse
    let front = ["Plant", "KPI", "Simulation"].map(id);
    while (front.length) {
        const results = [];
        for (let start = 0; start < front.length; start += most.value.value) {
            results.push(...await session.browse(front.slice(start, start + most.value.value).map((nodeId) => ({
                nodeId, browseDirection: BrowseDirection.Forward, includeSubtypes: true, resultMask: 63,
                nodeClassMask: 0, referenceTypeId: "HierarchicalReferences",
            }))));
        }
        const next = [];
        for (let result of results) {
            let references = result.references || [];
            while (result.continuationPoint && result.continuationPoint.length) {
                result = await session.browseNext(result.continuationPoint, false);
                references = references.concat(result.references || []);
            }
            for (const one of references) {
                const key = one.nodeId.toString();
                if (!seen.has(key)) {
                    seen.set(key, one.nodeClass);
                    next.push(one.nodeId);
                }
            }
        }
        front = next;
    }
    const classes = [...seen.values()];
    return {
        variables: classes.filter((one) => one === NodeClass.Variable).length,
        objects: classes.filter((one) => one === NodeClass.Object).length,
        methods: classes.filter((one) => one === NodeClass.Method).length,
    };
}

async function subscribe(session, id) {
    const subscription = await session.createSubscription2({
        requestedPublishingInterval: 100, requestedLifetimeCount: 1000, requestedMaxKeepAliveCount: 10,
        publishingEnabled: true, maxNotificationsPerPublish: 0,
    });
    const filter = new DataChangeFilter({
        trigger: DataChangeTrigger.StatusValue, deadbandType: DeadbandType.Percent, deadbandValue: 1.0,
    });
    const item = await subscription.monitor(
        { nodeId: id("TIC-201.SP"), attributeId: AttributeIds.Value },
        { samplingInterval: 50, queueSize: 10, discardOldest: true, filter }, TimestampsToReturn.Both,
        MonitoringMode.Reporting);
    const values = [];
    item.on("changed", (value) => values.push(value.value.value));
    await until(() => values.length === 1);
    const to = async (x) => (await write(session, id("TIC-201.SP"), DataType.Double, x)).name;
    const first = values[0];
    const answers = [await to(first + 0.5)];
    // of a range of 0 to 120 one per cent is 1.2: this one is within it, and in force before the next is written
    for (let now = first; now !== first + 0.5;) now = (await session.read({ nodeId: id("TIC-201.SP") })).value.value;
    answers.push(await to(first + 3));
    await until(() => values.length === 2);
    answers.push(await to(first));
    await until(() => values.length === 3);
    await subscription.terminate();
    return { steps: values.map((x) => Math.round((x - first) * 1e6) / 1e6), answers };
}

function write(session, nodeId, dataType, value) {
    return session.write({
        nodeId, attributeId: AttributeIds.Value, value: { value: new Variant({ dataType, value }) },
    });
}

function step(session, id, seconds) {
    return session.call({ objectId: id("Simulation"), methodId: id("Simulation.Step"),
        inputArguments: [new Variant({ dataType: DataType.Double, value: seconds })] });
}

async function history(session, id) {
    const end = new Date(), start = new Date(end.getTime() - 3600e3);
    const raw = await session.readHistoryValue(id("WIC-100.PV"), start, end, { numValuesPerNode: 100 });
    const processed = await session.readAggregateValue(
        { nodeId: id("WIC-100.PV") }, start, end, AggregateFunction.Count, 3600e3);
    return {
        raw: [raw.statusCode.name, raw.historyData.dataValues.length],
        processed: [processed.statusCode.name, processed.historyData.dataValues.length],
    };
}

async function alarms(session, id) {
    const fields = ["EventId", "SourceName", "ConditionName", "ActiveState.Id", "AckedState.Id", "Retain",
        "ShelvingState.CurrentState", "Severity"];
    const subscription = await session.createSubscription2({
        requestedPublishingInterval: 100, requestedLifetimeCount: 1000, requestedMaxKeepAliveCount: 10,
        publishingEnabled: true, maxNotificationsPerPublish: 0,
    });
    const item = await subscription.monitor(
        { nodeId: "i=2253", attributeId: AttributeIds.EventNotifier },
        { samplingInterval: 0, queueSize: 1000, discardOldest: true,
            filter: constructEventFilter(fields, { filterOperator: opcua.FilterOperator.OfType, filterOperands: [
                new opcua.LiteralOperand({ value: new Variant({ dataType: DataType.NodeId,
                    value: coerceNodeId("i=2915") }) })] }) },
        TimestampsToReturn.Both);
    const events = [];
    item.on("changed", (values) => {
        const event = Object.fromEntries(fields.map((name, i) => [name, values[i] && values[i].value]));
        if (event.SourceName === "TIC-201" && event.ConditionName === "H") events.push(event);
    });
    const condition = id("TIC-201.H.Alarm");
    const limit = (await session.read({ nodeId: id("TIC-201.H"), attributeId: AttributeIds.Value })).value.value;
    await write(session, id("TIC-201.H"), DataType.Double, limit - 40);
    await step(session, id, 300); // longer than its delay
    await until(() => events.some((event) => event["ActiveState.Id"]));
    const up = events[events.length - 1];
    const acknowledged = await session.acknowledgeCondition(condition, up.EventId, "seen");
    await until(() => events[events.length - 1]["AckedState.Id"]);
    const comment = await session.translateBrowsePath(makeBrowsePath(condition, "/AddComment"));
    const commented = await session.call({ objectId: condition, methodId: comment.targets[0].targetId, inputArguments: [
        new Variant({ dataType: DataType.ByteString, value: up.EventId }),
        new Variant({ dataType: DataType.LocalizedText, value: opcua.coerceLocalizedText("found by browsing") })] });
    const machine = await session.translateBrowsePath(makeBrowsePath(condition, "/ShelvingState"));
    const method = async (methodId, ...inputArguments) => {
        const answer = await session.call({ objectId: machine.targets[0].targetId, methodId, inputArguments });
        return answer.statusCode.name;
    };
    const shelved = await method(MethodIds.ShelvedStateMachineType_TimedShelve, new Variant({ dataType: DataType.Double, value: 60000 }));
    await until(() => (events[events.length - 1]["ShelvingState.CurrentState"] || {}).text === "Timed Shelved");
    const unshelved = await method(MethodIds.ShelvedStateMachineType_Unshelve);
    await write(session, id("TIC-201.H"), DataType.Double, limit);
    await step(session, id, 300);
    await until(() => !events[events.length - 1]["ActiveState.Id"]);
    await subscription.terminate();
    return { severity: up.Severity, acknowledged: acknowledged.name, commented: commented.statusCode.name, shelved, unshelved };
}

async function main() {
    const clientCertificateManager = new OPCUACertificateManager({ rootFolder: given.pki, automaticallyAcceptUnknownCertificate: true });
    await clientCertificateManager.initialize();
    const client = OPCUAClient.create({
        endpointMustExist: false, clientCertificateManager, applicationName: "interop", applicationUri: "urn:interop",
        securityMode: MessageSecurityMode[given.mode], securityPolicy: SecurityPolicy[given.policy],
        connectionStrategy: { maxRetry: 0 },
    });
    try {
        await client.connect(given.endpoint);
        const user = given.user
            ? { type: UserTokenType.UserName, userName: given.user, password: given.password }
            : { type: UserTokenType.Anonymous };
        const session = await client.createSession(user);
        const index = (await session.readNamespaceArray()).indexOf("urn:plantsim:plant");
        const id = (name) => coerceNodeId(`ns=${index};s=${name}`);
        told.browsed = await browseAll(session, id);
        const value = await session.read({ nodeId: id("WIC-100.PV"), attributeId: AttributeIds.Value });
        told.read = [value.statusCode.name, value.value.value];
        const writes = { read_only: ["WIC-100.PV", 1.0], range: ["TIC-201.SP", 1e6], mode: ["TIC-201.OP", 50.0] };
        told.refused = {};
        for (const [why, [name, x]] of Object.entries(writes)) {
            told.refused[why] = (await write(session, id(name), DataType.Double, x)).name;
        }
        if (given.user) {
            told.subscribed = await subscribe(session, id);
            const before = (await session.read({ nodeId: id("Simulation.ScanCount") })).value.value;
            const called = await step(session, id, 30);
            const after = (await session.read({ nodeId: id("Simulation.ScanCount") })).value.value;
            told.method = [called.statusCode.name, after - before];
            told.history = await history(session, id);
            told.alarm = await alarms(session, id);
            const secured = await session.read({ nodeId: "i=3708" }); // SessionSecurityDiagnosticsArray
            told.secured = secured.value.value.map((one) => [one.clientUserIdOfSession, one.authenticationMechanism,
                one.encoding, one.transportProtocol, MessageSecurityMode[one.securityMode], one.securityPolicyUri.split("#")[1],
                one.clientCertificate.length > 0]);
        }
        await session.close();
    } catch (error) {
        told.error = error.message;
    } finally {
        await client.disconnect();
    }
    console.log(JSON.stringify(told));
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
