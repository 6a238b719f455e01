// Made from config.schema.json by generate.mjs (npm run generate). Do not edit.
var k=(n,i)=>()=>{try{return i||n((i={exports:{}}).exports,i),i.exports}catch(d){throw i=0,d}};var g=k(f=>{"use strict";Object.defineProperty(f,"__esModule",{value:!0});function b(n){let i=n.length,d=0,u=0,
c;for(;u<i;)d++,c=n.charCodeAt(u++),c>=55296&&c<=56319&&u<i&&(c=n.charCodeAt(u),(c&64512)===56320&&u++);return d}
f.default=b;b.code='require("ajv/dist/runtime/ucs2length").default'});var L=y,F=y,m={$schema:"http://json-schema.org/draft-07/schema#",$id:"https://pistonprotection.dev/schemas/age\
nt-config.json",title:"AgentConfig",type:"object",description:"How `piston node` runs: the agent's configurati\
on.",additionalProperties:!1,properties:{profile:{enum:["default","high-volume","constrained"],description:"Va\
lues to start from, below what a file, the environment or a flag says: `high-volume` and `constrained` as in d\
ocs/CONFIGURATION.md.",default:"default","x-live":!0},bundle:{type:"object",description:"What is served, and b\
y whom it must be signed.",additionalProperties:!1,properties:{path:{type:"string",minLength:1,description:"A \
bundle, or a directory that holds one or its shards. Watched for changes."},interfaces:{type:"array",items:{type:"\
string",minLength:1},description:"Interfaces to filter. Empty: those that the fleet's policy names.",default:[]},
mode:{enum:["native","generic",null],description:"XDP attach mode. null: as the fleet's policy says.",default:null},
trustKeys:{type:"array",items:{type:"string",minLength:1},description:"Public keys in PEM, or directories of t\
hem. A bundle must be signed by one.",default:[],"x-live":!0},allowUnsigned:{type:"boolean",description:"Serve\
 bundles that nobody signed, where no key is trusted.",default:!1,"x-live":!0},fleet:{type:["string","null"],minLength:1,
description:"Fleet to take over where no bundle can be read and several fleets are pinned.",default:null},pinPath:{
type:"string",minLength:1,description:"Where kernel objects are pinned: a directory on a BPF file system.",default:"\
/sys/fs/bpf/pistonprotection"}}},listen:{type:"object",description:"The agent's HTTP servers.",additionalProperties:!1,
properties:{metrics:{type:"string",minLength:1,description:"Metrics and health: HOST:PORT, :PORT or unix:/PATH\
.",default:":9090"},operations:{type:"string",minLength:1,description:"Operations, on loopback or a Unix socke\
t; elsewhere only with operationsTokenFile.",default:"127.0.0.1:9091"},tls:{type:["object","null"],description:"\
TLS for the metrics server; the files are read again when they change. Turned on or off only by a restart.",additionalProperties:!1,
properties:{certFile:{type:"string",minLength:1,description:"Certificate chain in PEM."},keyFile:{type:"string",
minLength:1,description:"Its private key in PEM."},clientCaFile:{type:["string","null"],minLength:1,description:"\
Certificates in PEM that a client's must be signed by. null: clients need none.",default:null}},default:null,"\
x-live":!0},metricsTokenFile:{type:["string","null"],minLength:1,description:"File with the bearer token that \
the metrics server asks for. null: none.",default:null,"x-live":!0},operationsTokenFile:{type:["string","null"],
minLength:1,description:"File with the bearer token that the operations server asks for beyond loopback.",default:null,
"x-live":!0}}},log:{type:"object",description:"The agent's log.",additionalProperties:!1,properties:{level:{enum:[
"debug","info","warn","error"],description:"Least level that is written.",default:"info","x-live":!0},json:{type:"\
boolean",description:"One JSON object a line on standard output; else lines for people on standard error.",default:!1}}},
security:{type:"object",description:"What the agent asks of its environment.",additionalProperties:!1,properties:{
strict:{type:"boolean",description:"Refuse to start where the security checks warn.",default:!1},checkIntervalSeconds:{
type:"integer",minimum:1,maximum:86400,description:"Between two security checks of a running agent.",default:300,
"x-live":!0},dropCapabilities:{type:"boolean",description:"After start keep only the capabilities that later w\
ork needs.",default:!0},programFile:{type:["string","null"],minLength:1,description:"Object file of the XDP pr\
ogram. null: the one that came with the agent.",default:null},allowOtherProgram:{type:"boolean",description:"L\
oad an XDP program whose digest is not the one that this agent was built with.",default:!1},memoryLimitBytes:{
type:"integer",minimum:1048576,maximum:1099511627776,description:"Most kernel memory that the maps of one gene\
ration may take.",default:2147483648}}},events:{type:"object",description:"From the ring buffer's samples to s\
inks.",additionalProperties:!1,properties:{enabled:{type:"boolean",description:"Read samples at all.",default:!0},
bufferSize:{type:"integer",minimum:16,maximum:1e6,description:"Events that may wait for the sinks.",default:1e4},
batchSize:{type:"integer",minimum:1,maximum:1e4,description:"Events handed to sinks at once.",default:100},intervalMs:{
type:"integer",minimum:1,maximum:1e4,description:"Longest that an event waits for its batch.",default:100},rateLimit:{
type:"object",description:"Token bucket before the queue.",additionalProperties:!1,properties:{perSecond:{type:"\
integer",minimum:1,maximum:1e7,description:"Events a second.",default:1e4,"x-live":!0},burst:{type:"integer",minimum:1,
maximum:2e7,description:"Events at once.",default:2e4,"x-live":!0},adaptive:{type:"boolean",description:"Move \
the rate between least and most by event-loop lag, CPU and memory.",default:!0,"x-live":!0},minPerSecond:{type:"\
integer",minimum:1,maximum:1e7,description:"Least rate that adaptation goes down to.",default:1e3,"x-live":!0},
maxPerSecond:{type:"integer",minimum:1,maximum:1e7,description:"Greatest rate that adaptation goes up to.",default:5e4,
"x-live":!0}}},backpressure:{type:"object",description:"When the queue fills.",additionalProperties:!1,properties:{
highRatio:{type:"number",minimum:.01,maximum:1,description:"Queue's fill, of bufferSize, at which backpressure\
 begins.",default:.8,"x-live":!0},lowRatio:{type:"number",minimum:0,maximum:1,description:"Queue's fill at whi\
ch it ends.",default:.2,"x-live":!0},timeoutSeconds:{type:"number",minimum:.1,maximum:86400,description:"Longe\
st that it lasts.",default:300,"x-live":!0}}},circuitBreaker:{type:"object",description:"One for each sink.",additionalProperties:!1,
properties:{failureRatio:{type:"number",minimum:.01,maximum:1,description:"Share of failures that opens it.",default:.5,
"x-live":!0},openSeconds:{type:"number",minimum:.05,maximum:3600,description:"Before it lets a trial through.",
default:30,"x-live":!0},halfOpenTrials:{type:"integer",minimum:1,maximum:1e3,description:"Trials that must suc\
ceed before it closes.",default:10,"x-live":!0}}}}},sinks:{type:"object",description:"Where events go beside t\
he metrics.",additionalProperties:!1,properties:{jsonLog:{type:"boolean",description:"A log line for each even\
t.",default:!1,"x-live":!0},statsd:{type:["object","null"],description:"StatsD over UDP.",additionalProperties:!1,
properties:{address:{type:"string",minLength:1,description:"HOST:PORT.",pattern:"^.+:[0-9]{1,5}$"},prefix:{type:"\
string",description:"Before each name.",default:"pistonprotection."}},default:null,"x-live":!0},otel:{type:["o\
bject","null"],description:"OpenTelemetry traces over OTLP/HTTP.",additionalProperties:!1,properties:{endpoint:{
type:"string",minLength:1,description:"URL of the collector's traces.",pattern:"^https?://"}},default:null,"x-\
live":!0},topK:{type:"object",description:"Top sources and backends.",additionalProperties:!1,properties:{size:{
type:"integer",minimum:1,maximum:1e3,description:"How many are kept.",default:20,"x-live":!0}}}}},resources:{type:"\
object",description:"What the agent may take of its host.",additionalProperties:!1,properties:{memoryLimitBytes:{
type:"integer",minimum:16777216,maximum:1099511627776,description:"Resident memory.",default:536870912,"x-live":!0},
cpuLimitRatio:{type:"number",minimum:.01,maximum:64,description:"CPU, as a share of one core.",default:.2,"x-l\
ive":!0},fdLimit:{type:"integer",minimum:32,maximum:1048576,description:"Open file descriptors.",default:1e3,"\
x-live":!0},warnRatio:{type:"number",minimum:.1,maximum:1,description:"Share of a limit at which pressure begi\
ns.",default:.8,"x-live":!0},checkIntervalMs:{type:"integer",minimum:50,maximum:6e4,description:"Between two r\
eadings.",default:1e3,"x-live":!0}}},retry:{type:"object",description:"Exponential back-off for what lies outs\
ide the process.",additionalProperties:!1,properties:{initialMs:{type:"integer",minimum:1,maximum:36e5,description:"\
First delay.",default:1e3},maxMs:{type:"integer",minimum:1,maximum:36e5,description:"Greatest delay.",default:3e4},
multiplier:{type:"number",minimum:1,maximum:100,description:"Each delay over the last.",default:2},jitter:{type:"\
number",minimum:0,maximum:1,description:"Up to this share is taken off each delay, at random.",default:.1}}},health:{
type:"object",description:"What the agent looks after by itself.",additionalProperties:!1,properties:{driftCheckSeconds:{
type:"number",minimum:.1,maximum:86400,description:"Between two comparisons of the kernel's tables with the bu\
ndle's.",default:60,"x-live":!0},backendChecks:{type:"boolean",description:"Check the health of the policies' \
backends.",default:!0,"x-live":!0}}},shutdown:{type:"object",description:"How the agent ends.",additionalProperties:!1,
properties:{timeoutSeconds:{type:"number",minimum:.1,maximum:600,description:"For all steps together; a step t\
hat hangs is cut off.",default:30,"x-live":!0},detachOnExit:{type:"boolean",description:"Take the filter off. \
Else filtering goes on without the agent.",default:!1,"x-live":!0},metricsFile:{type:["string","null"],minLength:1,
description:"File that the last metrics are written to. null: none.",default:null,"x-live":!0}}}}},P=Object.prototype.
hasOwnProperty,p=g().default,w=new RegExp("^.+:[0-9]{1,5}$","u"),v=new RegExp("^https?://","u");function y(n,{
instancePath:i="",parentData:d,parentDataProperty:u,rootData:c=n}={}){let e=null,r=0;if(n&&typeof n=="object"&&
!Array.isArray(n)){for(let o in n)if(!P.call(m.properties,o)){let s={instancePath:i,schemaPath:"#/additionalPr\
operties",keyword:"additionalProperties",params:{additionalProperty:o},message:"must NOT have additional prope\
rties"};e===null?e=[s]:e.push(s),r++}if(n.profile!==void 0){let o=n.profile;if(!(o==="default"||o==="high-volu\
me"||o==="constrained")){let s={instancePath:i+"/profile",schemaPath:"#/properties/profile/enum",keyword:"enum",
params:{allowedValues:m.properties.profile.enum},message:"must be equal to one of the allowed values"};e===null?
e=[s]:e.push(s),r++}}if(n.bundle!==void 0){let o=n.bundle;if(o&&typeof o=="object"&&!Array.isArray(o)){for(let s in o)
if(!(s==="path"||s==="interfaces"||s==="mode"||s==="trustKeys"||s==="allowUnsigned"||s==="fleet"||s==="pinPath")){
let t={instancePath:i+"/bundle",schemaPath:"#/properties/bundle/additionalProperties",keyword:"additionalPrope\
rties",params:{additionalProperty:s},message:"must NOT have additional properties"};e===null?e=[t]:e.push(t),r++}
if(o.path!==void 0){let s=o.path;if(typeof s=="string"){if(p(s)<1){let t={instancePath:i+"/bundle/path",schemaPath:"\
#/properties/bundle/properties/path/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have few\
er than 1 characters"};e===null?e=[t]:e.push(t),r++}}else{let t={instancePath:i+"/bundle/path",schemaPath:"#/p\
roperties/bundle/properties/path/type",keyword:"type",params:{type:"string"},message:"must be string"};e===null?
e=[t]:e.push(t),r++}}if(o.interfaces!==void 0){let s=o.interfaces;if(Array.isArray(s)){let t=s.length;for(let a=0;a<
t;a++){let h=s[a];if(typeof h=="string"){if(p(h)<1){let l={instancePath:i+"/bundle/interfaces/"+a,schemaPath:"\
#/properties/bundle/properties/interfaces/items/minLength",keyword:"minLength",params:{limit:1},message:"must \
NOT have fewer than 1 characters"};e===null?e=[l]:e.push(l),r++}}else{let l={instancePath:i+"/bundle/interface\
s/"+a,schemaPath:"#/properties/bundle/properties/interfaces/items/type",keyword:"type",params:{type:"string"},
message:"must be string"};e===null?e=[l]:e.push(l),r++}}}else{let t={instancePath:i+"/bundle/interfaces",schemaPath:"\
#/properties/bundle/properties/interfaces/type",keyword:"type",params:{type:"array"},message:"must be array"};
e===null?e=[t]:e.push(t),r++}}if(o.mode!==void 0){let s=o.mode;if(!(s==="native"||s==="generic"||s===null)){let t={
instancePath:i+"/bundle/mode",schemaPath:"#/properties/bundle/properties/mode/enum",keyword:"enum",params:{allowedValues:m.
properties.bundle.properties.mode.enum},message:"must be equal to one of the allowed values"};e===null?e=[t]:e.
push(t),r++}}if(o.trustKeys!==void 0){let s=o.trustKeys;if(Array.isArray(s)){let t=s.length;for(let a=0;a<t;a++){
let h=s[a];if(typeof h=="string"){if(p(h)<1){let l={instancePath:i+"/bundle/trustKeys/"+a,schemaPath:"#/proper\
ties/bundle/properties/trustKeys/items/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have \
fewer than 1 characters"};e===null?e=[l]:e.push(l),r++}}else{let l={instancePath:i+"/bundle/trustKeys/"+a,schemaPath:"\
#/properties/bundle/properties/trustKeys/items/type",keyword:"type",params:{type:"string"},message:"must be st\
ring"};e===null?e=[l]:e.push(l),r++}}}else{let t={instancePath:i+"/bundle/trustKeys",schemaPath:"#/properties/\
bundle/properties/trustKeys/type",keyword:"type",params:{type:"array"},message:"must be array"};e===null?e=[t]:
e.push(t),r++}}if(o.allowUnsigned!==void 0&&typeof o.allowUnsigned!="boolean"){let s={instancePath:i+"/bundle/\
allowUnsigned",schemaPath:"#/properties/bundle/properties/allowUnsigned/type",keyword:"type",params:{type:"boo\
lean"},message:"must be boolean"};e===null?e=[s]:e.push(s),r++}if(o.fleet!==void 0){let s=o.fleet;if(typeof s!=
"string"&&s!==null){let t={instancePath:i+"/bundle/fleet",schemaPath:"#/properties/bundle/properties/fleet/typ\
e",keyword:"type",params:{type:m.properties.bundle.properties.fleet.type},message:"must be string,null"};e===null?
e=[t]:e.push(t),r++}if(typeof s=="string"&&p(s)<1){let t={instancePath:i+"/bundle/fleet",schemaPath:"#/propert\
ies/bundle/properties/fleet/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewer than \
1 characters"};e===null?e=[t]:e.push(t),r++}}if(o.pinPath!==void 0){let s=o.pinPath;if(typeof s=="string"){if(p(
s)<1){let t={instancePath:i+"/bundle/pinPath",schemaPath:"#/properties/bundle/properties/pinPath/minLength",keyword:"\
minLength",params:{limit:1},message:"must NOT have fewer than 1 characters"};e===null?e=[t]:e.push(t),r++}}else{
let t={instancePath:i+"/bundle/pinPath",schemaPath:"#/properties/bundle/properties/pinPath/type",keyword:"type",
params:{type:"string"},message:"must be string"};e===null?e=[t]:e.push(t),r++}}}else{let s={instancePath:i+"/b\
undle",schemaPath:"#/properties/bundle/type",keyword:"type",params:{type:"object"},message:"must be object"};e===
null?e=[s]:e.push(s),r++}}if(n.listen!==void 0){let o=n.listen;if(o&&typeof o=="object"&&!Array.isArray(o)){for(let s in o)
if(!(s==="metrics"||s==="operations"||s==="tls"||s==="metricsTokenFile"||s==="operationsTokenFile")){let t={instancePath:i+
"/listen",schemaPath:"#/properties/listen/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:s},
message:"must NOT have additional properties"};e===null?e=[t]:e.push(t),r++}if(o.metrics!==void 0){let s=o.metrics;
if(typeof s=="string"){if(p(s)<1){let t={instancePath:i+"/listen/metrics",schemaPath:"#/properties/listen/prop\
erties/metrics/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewer than 1 characters"};
e===null?e=[t]:e.push(t),r++}}else{let t={instancePath:i+"/listen/metrics",schemaPath:"#/properties/listen/pro\
perties/metrics/type",keyword:"type",params:{type:"string"},message:"must be string"};e===null?e=[t]:e.push(t),
r++}}if(o.operations!==void 0){let s=o.operations;if(typeof s=="string"){if(p(s)<1){let t={instancePath:i+"/li\
sten/operations",schemaPath:"#/properties/listen/properties/operations/minLength",keyword:"minLength",params:{
limit:1},message:"must NOT have fewer than 1 characters"};e===null?e=[t]:e.push(t),r++}}else{let t={instancePath:i+
"/listen/operations",schemaPath:"#/properties/listen/properties/operations/type",keyword:"type",params:{type:"\
string"},message:"must be string"};e===null?e=[t]:e.push(t),r++}}if(o.tls!==void 0){let s=o.tls;if(!(s&&typeof s==
"object"&&!Array.isArray(s))&&s!==null){let t={instancePath:i+"/listen/tls",schemaPath:"#/properties/listen/pr\
operties/tls/type",keyword:"type",params:{type:m.properties.listen.properties.tls.type},message:"must be objec\
t,null"};e===null?e=[t]:e.push(t),r++}if(s&&typeof s=="object"&&!Array.isArray(s)){for(let t in s)if(!(t==="ce\
rtFile"||t==="keyFile"||t==="clientCaFile")){let a={instancePath:i+"/listen/tls",schemaPath:"#/properties/list\
en/properties/tls/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:t},message:"\
must NOT have additional properties"};e===null?e=[a]:e.push(a),r++}if(s.certFile!==void 0){let t=s.certFile;if(typeof t==
"string"){if(p(t)<1){let a={instancePath:i+"/listen/tls/certFile",schemaPath:"#/properties/listen/properties/t\
ls/properties/certFile/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewer than 1 cha\
racters"};e===null?e=[a]:e.push(a),r++}}else{let a={instancePath:i+"/listen/tls/certFile",schemaPath:"#/proper\
ties/listen/properties/tls/properties/certFile/type",keyword:"type",params:{type:"string"},message:"must be st\
ring"};e===null?e=[a]:e.push(a),r++}}if(s.keyFile!==void 0){let t=s.keyFile;if(typeof t=="string"){if(p(t)<1){
let a={instancePath:i+"/listen/tls/keyFile",schemaPath:"#/properties/listen/properties/tls/properties/keyFile/\
minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewer than 1 characters"};e===null?e=[a]:
e.push(a),r++}}else{let a={instancePath:i+"/listen/tls/keyFile",schemaPath:"#/properties/listen/properties/tls\
/properties/keyFile/type",keyword:"type",params:{type:"string"},message:"must be string"};e===null?e=[a]:e.push(
a),r++}}if(s.clientCaFile!==void 0){let t=s.clientCaFile;if(typeof t!="string"&&t!==null){let a={instancePath:i+
"/listen/tls/clientCaFile",schemaPath:"#/properties/listen/properties/tls/properties/clientCaFile/type",keyword:"\
type",params:{type:m.properties.listen.properties.tls.properties.clientCaFile.type},message:"must be string,nu\
ll"};e===null?e=[a]:e.push(a),r++}if(typeof t=="string"&&p(t)<1){let a={instancePath:i+"/listen/tls/clientCaFi\
le",schemaPath:"#/properties/listen/properties/tls/properties/clientCaFile/minLength",keyword:"minLength",params:{
limit:1},message:"must NOT have fewer than 1 characters"};e===null?e=[a]:e.push(a),r++}}}}if(o.metricsTokenFile!==
void 0){let s=o.metricsTokenFile;if(typeof s!="string"&&s!==null){let t={instancePath:i+"/listen/metricsTokenF\
ile",schemaPath:"#/properties/listen/properties/metricsTokenFile/type",keyword:"type",params:{type:m.properties.
listen.properties.metricsTokenFile.type},message:"must be string,null"};e===null?e=[t]:e.push(t),r++}if(typeof s==
"string"&&p(s)<1){let t={instancePath:i+"/listen/metricsTokenFile",schemaPath:"#/properties/listen/properties/\
metricsTokenFile/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewer than 1 character\
s"};e===null?e=[t]:e.push(t),r++}}if(o.operationsTokenFile!==void 0){let s=o.operationsTokenFile;if(typeof s!=
"string"&&s!==null){let t={instancePath:i+"/listen/operationsTokenFile",schemaPath:"#/properties/listen/proper\
ties/operationsTokenFile/type",keyword:"type",params:{type:m.properties.listen.properties.operationsTokenFile.
type},message:"must be string,null"};e===null?e=[t]:e.push(t),r++}if(typeof s=="string"&&p(s)<1){let t={instancePath:i+
"/listen/operationsTokenFile",schemaPath:"#/properties/listen/properties/operationsTokenFile/minLength",keyword:"\
minLength",params:{limit:1},message:"must NOT have fewer than 1 characters"};e===null?e=[t]:e.push(t),r++}}}else{
let s={instancePath:i+"/listen",schemaPath:"#/properties/listen/type",keyword:"type",params:{type:"object"},message:"\
must be object"};e===null?e=[s]:e.push(s),r++}}if(n.log!==void 0){let o=n.log;if(o&&typeof o=="object"&&!Array.
isArray(o)){for(let s in o)if(!(s==="level"||s==="json")){let t={instancePath:i+"/log",schemaPath:"#/propertie\
s/log/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:s},message:"must NOT hav\
e additional properties"};e===null?e=[t]:e.push(t),r++}if(o.level!==void 0){let s=o.level;if(!(s==="debug"||s===
"info"||s==="warn"||s==="error")){let t={instancePath:i+"/log/level",schemaPath:"#/properties/log/properties/l\
evel/enum",keyword:"enum",params:{allowedValues:m.properties.log.properties.level.enum},message:"must be equal\
 to one of the allowed values"};e===null?e=[t]:e.push(t),r++}}if(o.json!==void 0&&typeof o.json!="boolean"){let s={
instancePath:i+"/log/json",schemaPath:"#/properties/log/properties/json/type",keyword:"type",params:{type:"boo\
lean"},message:"must be boolean"};e===null?e=[s]:e.push(s),r++}}else{let s={instancePath:i+"/log",schemaPath:"\
#/properties/log/type",keyword:"type",params:{type:"object"},message:"must be object"};e===null?e=[s]:e.push(s),
r++}}if(n.security!==void 0){let o=n.security;if(o&&typeof o=="object"&&!Array.isArray(o)){for(let s in o)if(!(s===
"strict"||s==="checkIntervalSeconds"||s==="dropCapabilities"||s==="programFile"||s==="allowOtherProgram"||s===
"memoryLimitBytes")){let t={instancePath:i+"/security",schemaPath:"#/properties/security/additionalProperties",
keyword:"additionalProperties",params:{additionalProperty:s},message:"must NOT have additional properties"};e===
null?e=[t]:e.push(t),r++}if(o.strict!==void 0&&typeof o.strict!="boolean"){let s={instancePath:i+"/security/st\
rict",schemaPath:"#/properties/security/properties/strict/type",keyword:"type",params:{type:"boolean"},message:"\
must be boolean"};e===null?e=[s]:e.push(s),r++}if(o.checkIntervalSeconds!==void 0){let s=o.checkIntervalSeconds;
if(!(typeof s=="number"&&!(s%1)&&!isNaN(s)&&isFinite(s))){let t={instancePath:i+"/security/checkIntervalSecond\
s",schemaPath:"#/properties/security/properties/checkIntervalSeconds/type",keyword:"type",params:{type:"intege\
r"},message:"must be integer"};e===null?e=[t]:e.push(t),r++}if(typeof s=="number"&&isFinite(s)){if(s>86400||isNaN(
s)){let t={instancePath:i+"/security/checkIntervalSeconds",schemaPath:"#/properties/security/properties/checkI\
ntervalSeconds/maximum",keyword:"maximum",params:{comparison:"<=",limit:86400},message:"must be <= 86400"};e===
null?e=[t]:e.push(t),r++}if(s<1||isNaN(s)){let t={instancePath:i+"/security/checkIntervalSeconds",schemaPath:"\
#/properties/security/properties/checkIntervalSeconds/minimum",keyword:"minimum",params:{comparison:">=",limit:1},
message:"must be >= 1"};e===null?e=[t]:e.push(t),r++}}}if(o.dropCapabilities!==void 0&&typeof o.dropCapabilities!=
"boolean"){let s={instancePath:i+"/security/dropCapabilities",schemaPath:"#/properties/security/properties/dro\
pCapabilities/type",keyword:"type",params:{type:"boolean"},message:"must be boolean"};e===null?e=[s]:e.push(s),
r++}if(o.programFile!==void 0){let s=o.programFile;if(typeof s!="string"&&s!==null){let t={instancePath:i+"/se\
curity/programFile",schemaPath:"#/properties/security/properties/programFile/type",keyword:"type",params:{type:m.
properties.security.properties.programFile.type},message:"must be string,null"};e===null?e=[t]:e.push(t),r++}if(typeof s==
"string"&&p(s)<1){let t={instancePath:i+"/security/programFile",schemaPath:"#/properties/security/properties/p\
rogramFile/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewer than 1 characters"};e===
null?e=[t]:e.push(t),r++}}if(o.allowOtherProgram!==void 0&&typeof o.allowOtherProgram!="boolean"){let s={instancePath:i+
"/security/allowOtherProgram",schemaPath:"#/properties/security/properties/allowOtherProgram/type",keyword:"ty\
pe",params:{type:"boolean"},message:"must be boolean"};e===null?e=[s]:e.push(s),r++}if(o.memoryLimitBytes!==void 0){
let s=o.memoryLimitBytes;if(!(typeof s=="number"&&!(s%1)&&!isNaN(s)&&isFinite(s))){let t={instancePath:i+"/sec\
urity/memoryLimitBytes",schemaPath:"#/properties/security/properties/memoryLimitBytes/type",keyword:"type",params:{
type:"integer"},message:"must be integer"};e===null?e=[t]:e.push(t),r++}if(typeof s=="number"&&isFinite(s)){if(s>
1099511627776||isNaN(s)){let t={instancePath:i+"/security/memoryLimitBytes",schemaPath:"#/properties/security/\
properties/memoryLimitBytes/maximum",keyword:"maximum",params:{comparison:"<=",limit:1099511627776},message:"m\
ust be <= 1099511627776"};e===null?e=[t]:e.push(t),r++}if(s<1048576||isNaN(s)){let t={instancePath:i+"/securit\
y/memoryLimitBytes",schemaPath:"#/properties/security/properties/memoryLimitBytes/minimum",keyword:"minimum",params:{
comparison:">=",limit:1048576},message:"must be >= 1048576"};e===null?e=[t]:e.push(t),r++}}}}else{let s={instancePath:i+
"/security",schemaPath:"#/properties/security/type",keyword:"type",params:{type:"object"},message:"must be obj\
ect"};e===null?e=[s]:e.push(s),r++}}if(n.events!==void 0){let o=n.events;if(o&&typeof o=="object"&&!Array.isArray(
o)){for(let s in o)if(!(s==="enabled"||s==="bufferSize"||s==="batchSize"||s==="intervalMs"||s==="rateLimit"||s===
"backpressure"||s==="circuitBreaker")){let t={instancePath:i+"/events",schemaPath:"#/properties/events/additio\
nalProperties",keyword:"additionalProperties",params:{additionalProperty:s},message:"must NOT have additional \
properties"};e===null?e=[t]:e.push(t),r++}if(o.enabled!==void 0&&typeof o.enabled!="boolean"){let s={instancePath:i+
"/events/enabled",schemaPath:"#/properties/events/properties/enabled/type",keyword:"type",params:{type:"boolea\
n"},message:"must be boolean"};e===null?e=[s]:e.push(s),r++}if(o.bufferSize!==void 0){let s=o.bufferSize;if(!(typeof s==
"number"&&!(s%1)&&!isNaN(s)&&isFinite(s))){let t={instancePath:i+"/events/bufferSize",schemaPath:"#/properties\
/events/properties/bufferSize/type",keyword:"type",params:{type:"integer"},message:"must be integer"};e===null?
e=[t]:e.push(t),r++}if(typeof s=="number"&&isFinite(s)){if(s>1e6||isNaN(s)){let t={instancePath:i+"/events/buf\
ferSize",schemaPath:"#/properties/events/properties/bufferSize/maximum",keyword:"maximum",params:{comparison:"\
<=",limit:1e6},message:"must be <= 1000000"};e===null?e=[t]:e.push(t),r++}if(s<16||isNaN(s)){let t={instancePath:i+
"/events/bufferSize",schemaPath:"#/properties/events/properties/bufferSize/minimum",keyword:"minimum",params:{
comparison:">=",limit:16},message:"must be >= 16"};e===null?e=[t]:e.push(t),r++}}}if(o.batchSize!==void 0){let s=o.
batchSize;if(!(typeof s=="number"&&!(s%1)&&!isNaN(s)&&isFinite(s))){let t={instancePath:i+"/events/batchSize",
schemaPath:"#/properties/events/properties/batchSize/type",keyword:"type",params:{type:"integer"},message:"mus\
t be integer"};e===null?e=[t]:e.push(t),r++}if(typeof s=="number"&&isFinite(s)){if(s>1e4||isNaN(s)){let t={instancePath:i+
"/events/batchSize",schemaPath:"#/properties/events/properties/batchSize/maximum",keyword:"maximum",params:{comparison:"\
<=",limit:1e4},message:"must be <= 10000"};e===null?e=[t]:e.push(t),r++}if(s<1||isNaN(s)){let t={instancePath:i+
"/events/batchSize",schemaPath:"#/properties/events/properties/batchSize/minimum",keyword:"minimum",params:{comparison:"\
>=",limit:1},message:"must be >= 1"};e===null?e=[t]:e.push(t),r++}}}if(o.intervalMs!==void 0){let s=o.intervalMs;
if(!(typeof s=="number"&&!(s%1)&&!isNaN(s)&&isFinite(s))){let t={instancePath:i+"/events/intervalMs",schemaPath:"\
#/properties/events/properties/intervalMs/type",keyword:"type",params:{type:"integer"},message:"must be intege\
r"};e===null?e=[t]:e.push(t),r++}if(typeof s=="number"&&isFinite(s)){if(s>1e4||isNaN(s)){let t={instancePath:i+
"/events/intervalMs",schemaPath:"#/properties/events/properties/intervalMs/maximum",keyword:"maximum",params:{
comparison:"<=",limit:1e4},message:"must be <= 10000"};e===null?e=[t]:e.push(t),r++}if(s<1||isNaN(s)){let t={instancePath:i+
"/events/intervalMs",schemaPath:"#/properties/events/properties/intervalMs/minimum",keyword:"minimum",params:{
comparison:">=",limit:1},message:"must be >= 1"};e===null?e=[t]:e.push(t),r++}}}if(o.rateLimit!==void 0){let s=o.
rateLimit;if(s&&typeof s=="object"&&!Array.isArray(s)){for(let t in s)if(!(t==="perSecond"||t==="burst"||t==="\
adaptive"||t==="minPerSecond"||t==="maxPerSecond")){let a={instancePath:i+"/events/rateLimit",schemaPath:"#/pr\
operties/events/properties/rateLimit/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:t},
message:"must NOT have additional properties"};e===null?e=[a]:e.push(a),r++}if(s.perSecond!==void 0){let t=s.perSecond;
if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(t))){let a={instancePath:i+"/events/rateLimit/perSecond",
schemaPath:"#/properties/events/properties/rateLimit/properties/perSecond/type",keyword:"type",params:{type:"i\
nteger"},message:"must be integer"};e===null?e=[a]:e.push(a),r++}if(typeof t=="number"&&isFinite(t)){if(t>1e7||
isNaN(t)){let a={instancePath:i+"/events/rateLimit/perSecond",schemaPath:"#/properties/events/properties/rateL\
imit/properties/perSecond/maximum",keyword:"maximum",params:{comparison:"<=",limit:1e7},message:"must be <= 10\
000000"};e===null?e=[a]:e.push(a),r++}if(t<1||isNaN(t)){let a={instancePath:i+"/events/rateLimit/perSecond",schemaPath:"\
#/properties/events/properties/rateLimit/properties/perSecond/minimum",keyword:"minimum",params:{comparison:">\
=",limit:1},message:"must be >= 1"};e===null?e=[a]:e.push(a),r++}}}if(s.burst!==void 0){let t=s.burst;if(!(typeof t==
"number"&&!(t%1)&&!isNaN(t)&&isFinite(t))){let a={instancePath:i+"/events/rateLimit/burst",schemaPath:"#/prope\
rties/events/properties/rateLimit/properties/burst/type",keyword:"type",params:{type:"integer"},message:"must \
be integer"};e===null?e=[a]:e.push(a),r++}if(typeof t=="number"&&isFinite(t)){if(t>2e7||isNaN(t)){let a={instancePath:i+
"/events/rateLimit/burst",schemaPath:"#/properties/events/properties/rateLimit/properties/burst/maximum",keyword:"\
maximum",params:{comparison:"<=",limit:2e7},message:"must be <= 20000000"};e===null?e=[a]:e.push(a),r++}if(t<1||
isNaN(t)){let a={instancePath:i+"/events/rateLimit/burst",schemaPath:"#/properties/events/properties/rateLimit\
/properties/burst/minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"must be >= 1"};e===null?
e=[a]:e.push(a),r++}}}if(s.adaptive!==void 0&&typeof s.adaptive!="boolean"){let t={instancePath:i+"/events/rat\
eLimit/adaptive",schemaPath:"#/properties/events/properties/rateLimit/properties/adaptive/type",keyword:"type",
params:{type:"boolean"},message:"must be boolean"};e===null?e=[t]:e.push(t),r++}if(s.minPerSecond!==void 0){let t=s.
minPerSecond;if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(t))){let a={instancePath:i+"/events/rateLimi\
t/minPerSecond",schemaPath:"#/properties/events/properties/rateLimit/properties/minPerSecond/type",keyword:"ty\
pe",params:{type:"integer"},message:"must be integer"};e===null?e=[a]:e.push(a),r++}if(typeof t=="number"&&isFinite(
t)){if(t>1e7||isNaN(t)){let a={instancePath:i+"/events/rateLimit/minPerSecond",schemaPath:"#/properties/events\
/properties/rateLimit/properties/minPerSecond/maximum",keyword:"maximum",params:{comparison:"<=",limit:1e7},message:"\
must be <= 10000000"};e===null?e=[a]:e.push(a),r++}if(t<1||isNaN(t)){let a={instancePath:i+"/events/rateLimit/\
minPerSecond",schemaPath:"#/properties/events/properties/rateLimit/properties/minPerSecond/minimum",keyword:"m\
inimum",params:{comparison:">=",limit:1},message:"must be >= 1"};e===null?e=[a]:e.push(a),r++}}}if(s.maxPerSecond!==
void 0){let t=s.maxPerSecond;if(!(typeof t=="number"&&!(t%1)&&!isNaN(t)&&isFinite(t))){let a={instancePath:i+"\
/events/rateLimit/maxPerSecond",schemaPath:"#/properties/events/properties/rateLimit/properties/maxPerSecond/t\
ype",keyword:"type",params:{type:"integer"},message:"must be integer"};e===null?e=[a]:e.push(a),r++}if(typeof t==
"number"&&isFinite(t)){if(t>1e7||isNaN(t)){let a={instancePath:i+"/events/rateLimit/maxPerSecond",schemaPath:"\
#/properties/events/properties/rateLimit/properties/maxPerSecond/maximum",keyword:"maximum",params:{comparison:"\
<=",limit:1e7},message:"must be <= 10000000"};e===null?e=[a]:e.push(a),r++}if(t<1||isNaN(t)){let a={instancePath:i+
"/events/rateLimit/maxPerSecond",schemaPath:"#/properties/events/properties/rateLimit/properties/maxPerSecond/\
minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"must be >= 1"};e===null?e=[a]:e.push(a),r++}}}}else{
let t={instancePath:i+"/events/rateLimit",schemaPath:"#/properties/events/properties/rateLimit/type",keyword:"\
type",params:{type:"object"},message:"must be object"};e===null?e=[t]:e.push(t),r++}}if(o.backpressure!==void 0){
let s=o.backpressure;if(s&&typeof s=="object"&&!Array.isArray(s)){for(let t in s)if(!(t==="highRatio"||t==="lo\
wRatio"||t==="timeoutSeconds")){let a={instancePath:i+"/events/backpressure",schemaPath:"#/properties/events/p\
roperties/backpressure/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:t},message:"\
must NOT have additional properties"};e===null?e=[a]:e.push(a),r++}if(s.highRatio!==void 0){let t=s.highRatio;
if(typeof t=="number"&&isFinite(t)){if(t>1||isNaN(t)){let a={instancePath:i+"/events/backpressure/highRatio",schemaPath:"\
#/properties/events/properties/backpressure/properties/highRatio/maximum",keyword:"maximum",params:{comparison:"\
<=",limit:1},message:"must be <= 1"};e===null?e=[a]:e.push(a),r++}if(t<.01||isNaN(t)){let a={instancePath:i+"/\
events/backpressure/highRatio",schemaPath:"#/properties/events/properties/backpressure/properties/highRatio/mi\
nimum",keyword:"minimum",params:{comparison:">=",limit:.01},message:"must be >= 0.01"};e===null?e=[a]:e.push(a),
r++}}else{let a={instancePath:i+"/events/backpressure/highRatio",schemaPath:"#/properties/events/properties/ba\
ckpressure/properties/highRatio/type",keyword:"type",params:{type:"number"},message:"must be number"};e===null?
e=[a]:e.push(a),r++}}if(s.lowRatio!==void 0){let t=s.lowRatio;if(typeof t=="number"&&isFinite(t)){if(t>1||isNaN(
t)){let a={instancePath:i+"/events/backpressure/lowRatio",schemaPath:"#/properties/events/properties/backpress\
ure/properties/lowRatio/maximum",keyword:"maximum",params:{comparison:"<=",limit:1},message:"must be <= 1"};e===
null?e=[a]:e.push(a),r++}if(t<0||isNaN(t)){let a={instancePath:i+"/events/backpressure/lowRatio",schemaPath:"#\
/properties/events/properties/backpressure/properties/lowRatio/minimum",keyword:"minimum",params:{comparison:"\
>=",limit:0},message:"must be >= 0"};e===null?e=[a]:e.push(a),r++}}else{let a={instancePath:i+"/events/backpre\
ssure/lowRatio",schemaPath:"#/properties/events/properties/backpressure/properties/lowRatio/type",keyword:"typ\
e",params:{type:"number"},message:"must be number"};e===null?e=[a]:e.push(a),r++}}if(s.timeoutSeconds!==void 0){
let t=s.timeoutSeconds;if(typeof t=="number"&&isFinite(t)){if(t>86400||isNaN(t)){let a={instancePath:i+"/event\
s/backpressure/timeoutSeconds",schemaPath:"#/properties/events/properties/backpressure/properties/timeoutSecon\
ds/maximum",keyword:"maximum",params:{comparison:"<=",limit:86400},message:"must be <= 86400"};e===null?e=[a]:
e.push(a),r++}if(t<.1||isNaN(t)){let a={instancePath:i+"/events/backpressure/timeoutSeconds",schemaPath:"#/pro\
perties/events/properties/backpressure/properties/timeoutSeconds/minimum",keyword:"minimum",params:{comparison:"\
>=",limit:.1},message:"must be >= 0.1"};e===null?e=[a]:e.push(a),r++}}else{let a={instancePath:i+"/events/back\
pressure/timeoutSeconds",schemaPath:"#/properties/events/properties/backpressure/properties/timeoutSeconds/typ\
e",keyword:"type",params:{type:"number"},message:"must be number"};e===null?e=[a]:e.push(a),r++}}}else{let t={
instancePath:i+"/events/backpressure",schemaPath:"#/properties/events/properties/backpressure/type",keyword:"t\
ype",params:{type:"object"},message:"must be object"};e===null?e=[t]:e.push(t),r++}}if(o.circuitBreaker!==void 0){
let s=o.circuitBreaker;if(s&&typeof s=="object"&&!Array.isArray(s)){for(let t in s)if(!(t==="failureRatio"||t===
"openSeconds"||t==="halfOpenTrials")){let a={instancePath:i+"/events/circuitBreaker",schemaPath:"#/properties/\
events/properties/circuitBreaker/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:t},
message:"must NOT have additional properties"};e===null?e=[a]:e.push(a),r++}if(s.failureRatio!==void 0){let t=s.
failureRatio;if(typeof t=="number"&&isFinite(t)){if(t>1||isNaN(t)){let a={instancePath:i+"/events/circuitBreak\
er/failureRatio",schemaPath:"#/properties/events/properties/circuitBreaker/properties/failureRatio/maximum",keyword:"\
maximum",params:{comparison:"<=",limit:1},message:"must be <= 1"};e===null?e=[a]:e.push(a),r++}if(t<.01||isNaN(
t)){let a={instancePath:i+"/events/circuitBreaker/failureRatio",schemaPath:"#/properties/events/properties/cir\
cuitBreaker/properties/failureRatio/minimum",keyword:"minimum",params:{comparison:">=",limit:.01},message:"mus\
t be >= 0.01"};e===null?e=[a]:e.push(a),r++}}else{let a={instancePath:i+"/events/circuitBreaker/failureRatio",
schemaPath:"#/properties/events/properties/circuitBreaker/properties/failureRatio/type",keyword:"type",params:{
type:"number"},message:"must be number"};e===null?e=[a]:e.push(a),r++}}if(s.openSeconds!==void 0){let t=s.openSeconds;
if(typeof t=="number"&&isFinite(t)){if(t>3600||isNaN(t)){let a={instancePath:i+"/events/circuitBreaker/openSec\
onds",schemaPath:"#/properties/events/properties/circuitBreaker/properties/openSeconds/maximum",keyword:"maxim\
um",params:{comparison:"<=",limit:3600},message:"must be <= 3600"};e===null?e=[a]:e.push(a),r++}if(t<.05||isNaN(
t)){let a={instancePath:i+"/events/circuitBreaker/openSeconds",schemaPath:"#/properties/events/properties/circ\
uitBreaker/properties/openSeconds/minimum",keyword:"minimum",params:{comparison:">=",limit:.05},message:"must \
be >= 0.05"};e===null?e=[a]:e.push(a),r++}}else{let a={instancePath:i+"/events/circuitBreaker/openSeconds",schemaPath:"\
#/properties/events/properties/circuitBreaker/properties/openSeconds/type",keyword:"type",params:{type:"number"},
message:"must be number"};e===null?e=[a]:e.push(a),r++}}if(s.halfOpenTrials!==void 0){let t=s.halfOpenTrials;if(!(typeof t==
"number"&&!(t%1)&&!isNaN(t)&&isFinite(t))){let a={instancePath:i+"/events/circuitBreaker/halfOpenTrials",schemaPath:"\
#/properties/events/properties/circuitBreaker/properties/halfOpenTrials/type",keyword:"type",params:{type:"int\
eger"},message:"must be integer"};e===null?e=[a]:e.push(a),r++}if(typeof t=="number"&&isFinite(t)){if(t>1e3||isNaN(
t)){let a={instancePath:i+"/events/circuitBreaker/halfOpenTrials",schemaPath:"#/properties/events/properties/c\
ircuitBreaker/properties/halfOpenTrials/maximum",keyword:"maximum",params:{comparison:"<=",limit:1e3},message:"\
must be <= 1000"};e===null?e=[a]:e.push(a),r++}if(t<1||isNaN(t)){let a={instancePath:i+"/events/circuitBreaker\
/halfOpenTrials",schemaPath:"#/properties/events/properties/circuitBreaker/properties/halfOpenTrials/minimum",
keyword:"minimum",params:{comparison:">=",limit:1},message:"must be >= 1"};e===null?e=[a]:e.push(a),r++}}}}else{
let t={instancePath:i+"/events/circuitBreaker",schemaPath:"#/properties/events/properties/circuitBreaker/type",
keyword:"type",params:{type:"object"},message:"must be object"};e===null?e=[t]:e.push(t),r++}}}else{let s={instancePath:i+
"/events",schemaPath:"#/properties/events/type",keyword:"type",params:{type:"object"},message:"must be object"};
e===null?e=[s]:e.push(s),r++}}if(n.sinks!==void 0){let o=n.sinks;if(o&&typeof o=="object"&&!Array.isArray(o)){
for(let s in o)if(!(s==="jsonLog"||s==="statsd"||s==="otel"||s==="topK")){let t={instancePath:i+"/sinks",schemaPath:"\
#/properties/sinks/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:s},message:"\
must NOT have additional properties"};e===null?e=[t]:e.push(t),r++}if(o.jsonLog!==void 0&&typeof o.jsonLog!="b\
oolean"){let s={instancePath:i+"/sinks/jsonLog",schemaPath:"#/properties/sinks/properties/jsonLog/type",keyword:"\
type",params:{type:"boolean"},message:"must be boolean"};e===null?e=[s]:e.push(s),r++}if(o.statsd!==void 0){let s=o.
statsd;if(!(s&&typeof s=="object"&&!Array.isArray(s))&&s!==null){let t={instancePath:i+"/sinks/statsd",schemaPath:"\
#/properties/sinks/properties/statsd/type",keyword:"type",params:{type:m.properties.sinks.properties.statsd.type},
message:"must be object,null"};e===null?e=[t]:e.push(t),r++}if(s&&typeof s=="object"&&!Array.isArray(s)){for(let t in s)
if(!(t==="address"||t==="prefix")){let a={instancePath:i+"/sinks/statsd",schemaPath:"#/properties/sinks/proper\
ties/statsd/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:t},message:"must N\
OT have additional properties"};e===null?e=[a]:e.push(a),r++}if(s.address!==void 0){let t=s.address;if(typeof t==
"string"){if(p(t)<1){let a={instancePath:i+"/sinks/statsd/address",schemaPath:"#/properties/sinks/properties/s\
tatsd/properties/address/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewer than 1 c\
haracters"};e===null?e=[a]:e.push(a),r++}if(!w.test(t)){let a={instancePath:i+"/sinks/statsd/address",schemaPath:"\
#/properties/sinks/properties/statsd/properties/address/pattern",keyword:"pattern",params:{pattern:"^.+:[0-9]{\
1,5}$"},message:'must match pattern "^.+:[0-9]{1,5}$"'};e===null?e=[a]:e.push(a),r++}}else{let a={instancePath:i+
"/sinks/statsd/address",schemaPath:"#/properties/sinks/properties/statsd/properties/address/type",keyword:"typ\
e",params:{type:"string"},message:"must be string"};e===null?e=[a]:e.push(a),r++}}if(s.prefix!==void 0&&typeof s.
prefix!="string"){let t={instancePath:i+"/sinks/statsd/prefix",schemaPath:"#/properties/sinks/properties/stats\
d/properties/prefix/type",keyword:"type",params:{type:"string"},message:"must be string"};e===null?e=[t]:e.push(
t),r++}}}if(o.otel!==void 0){let s=o.otel;if(!(s&&typeof s=="object"&&!Array.isArray(s))&&s!==null){let t={instancePath:i+
"/sinks/otel",schemaPath:"#/properties/sinks/properties/otel/type",keyword:"type",params:{type:m.properties.sinks.
properties.otel.type},message:"must be object,null"};e===null?e=[t]:e.push(t),r++}if(s&&typeof s=="object"&&!Array.
isArray(s)){for(let t in s)if(t!=="endpoint"){let a={instancePath:i+"/sinks/otel",schemaPath:"#/properties/sin\
ks/properties/otel/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:t},message:"\
must NOT have additional properties"};e===null?e=[a]:e.push(a),r++}if(s.endpoint!==void 0){let t=s.endpoint;if(typeof t==
"string"){if(p(t)<1){let a={instancePath:i+"/sinks/otel/endpoint",schemaPath:"#/properties/sinks/properties/ot\
el/properties/endpoint/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewer than 1 cha\
racters"};e===null?e=[a]:e.push(a),r++}if(!v.test(t)){let a={instancePath:i+"/sinks/otel/endpoint",schemaPath:"\
#/properties/sinks/properties/otel/properties/endpoint/pattern",keyword:"pattern",params:{pattern:"^https?://"},
message:'must match pattern "^https?://"'};e===null?e=[a]:e.push(a),r++}}else{let a={instancePath:i+"/sinks/ot\
el/endpoint",schemaPath:"#/properties/sinks/properties/otel/properties/endpoint/type",keyword:"type",params:{type:"\
string"},message:"must be string"};e===null?e=[a]:e.push(a),r++}}}}if(o.topK!==void 0){let s=o.topK;if(s&&typeof s==
"object"&&!Array.isArray(s)){for(let t in s)if(t!=="size"){let a={instancePath:i+"/sinks/topK",schemaPath:"#/p\
roperties/sinks/properties/topK/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:t},
message:"must NOT have additional properties"};e===null?e=[a]:e.push(a),r++}if(s.size!==void 0){let t=s.size;if(!(typeof t==
"number"&&!(t%1)&&!isNaN(t)&&isFinite(t))){let a={instancePath:i+"/sinks/topK/size",schemaPath:"#/properties/s\
inks/properties/topK/properties/size/type",keyword:"type",params:{type:"integer"},message:"must be integer"};e===
null?e=[a]:e.push(a),r++}if(typeof t=="number"&&isFinite(t)){if(t>1e3||isNaN(t)){let a={instancePath:i+"/sinks\
/topK/size",schemaPath:"#/properties/sinks/properties/topK/properties/size/maximum",keyword:"maximum",params:{
comparison:"<=",limit:1e3},message:"must be <= 1000"};e===null?e=[a]:e.push(a),r++}if(t<1||isNaN(t)){let a={instancePath:i+
"/sinks/topK/size",schemaPath:"#/properties/sinks/properties/topK/properties/size/minimum",keyword:"minimum",params:{
comparison:">=",limit:1},message:"must be >= 1"};e===null?e=[a]:e.push(a),r++}}}}else{let t={instancePath:i+"/\
sinks/topK",schemaPath:"#/properties/sinks/properties/topK/type",keyword:"type",params:{type:"object"},message:"\
must be object"};e===null?e=[t]:e.push(t),r++}}}else{let s={instancePath:i+"/sinks",schemaPath:"#/properties/s\
inks/type",keyword:"type",params:{type:"object"},message:"must be object"};e===null?e=[s]:e.push(s),r++}}if(n.
resources!==void 0){let o=n.resources;if(o&&typeof o=="object"&&!Array.isArray(o)){for(let s in o)if(!(s==="me\
moryLimitBytes"||s==="cpuLimitRatio"||s==="fdLimit"||s==="warnRatio"||s==="checkIntervalMs")){let t={instancePath:i+
"/resources",schemaPath:"#/properties/resources/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:s},
message:"must NOT have additional properties"};e===null?e=[t]:e.push(t),r++}if(o.memoryLimitBytes!==void 0){let s=o.
memoryLimitBytes;if(!(typeof s=="number"&&!(s%1)&&!isNaN(s)&&isFinite(s))){let t={instancePath:i+"/resources/m\
emoryLimitBytes",schemaPath:"#/properties/resources/properties/memoryLimitBytes/type",keyword:"type",params:{type:"\
integer"},message:"must be integer"};e===null?e=[t]:e.push(t),r++}if(typeof s=="number"&&isFinite(s)){if(s>1099511627776||
isNaN(s)){let t={instancePath:i+"/resources/memoryLimitBytes",schemaPath:"#/properties/resources/properties/me\
moryLimitBytes/maximum",keyword:"maximum",params:{comparison:"<=",limit:1099511627776},message:"must be <= 109\
9511627776"};e===null?e=[t]:e.push(t),r++}if(s<16777216||isNaN(s)){let t={instancePath:i+"/resources/memoryLim\
itBytes",schemaPath:"#/properties/resources/properties/memoryLimitBytes/minimum",keyword:"minimum",params:{comparison:"\
>=",limit:16777216},message:"must be >= 16777216"};e===null?e=[t]:e.push(t),r++}}}if(o.cpuLimitRatio!==void 0){
let s=o.cpuLimitRatio;if(typeof s=="number"&&isFinite(s)){if(s>64||isNaN(s)){let t={instancePath:i+"/resources\
/cpuLimitRatio",schemaPath:"#/properties/resources/properties/cpuLimitRatio/maximum",keyword:"maximum",params:{
comparison:"<=",limit:64},message:"must be <= 64"};e===null?e=[t]:e.push(t),r++}if(s<.01||isNaN(s)){let t={instancePath:i+
"/resources/cpuLimitRatio",schemaPath:"#/properties/resources/properties/cpuLimitRatio/minimum",keyword:"minim\
um",params:{comparison:">=",limit:.01},message:"must be >= 0.01"};e===null?e=[t]:e.push(t),r++}}else{let t={instancePath:i+
"/resources/cpuLimitRatio",schemaPath:"#/properties/resources/properties/cpuLimitRatio/type",keyword:"type",params:{
type:"number"},message:"must be number"};e===null?e=[t]:e.push(t),r++}}if(o.fdLimit!==void 0){let s=o.fdLimit;
if(!(typeof s=="number"&&!(s%1)&&!isNaN(s)&&isFinite(s))){let t={instancePath:i+"/resources/fdLimit",schemaPath:"\
#/properties/resources/properties/fdLimit/type",keyword:"type",params:{type:"integer"},message:"must be intege\
r"};e===null?e=[t]:e.push(t),r++}if(typeof s=="number"&&isFinite(s)){if(s>1048576||isNaN(s)){let t={instancePath:i+
"/resources/fdLimit",schemaPath:"#/properties/resources/properties/fdLimit/maximum",keyword:"maximum",params:{
comparison:"<=",limit:1048576},message:"must be <= 1048576"};e===null?e=[t]:e.push(t),r++}if(s<32||isNaN(s)){let t={
instancePath:i+"/resources/fdLimit",schemaPath:"#/properties/resources/properties/fdLimit/minimum",keyword:"mi\
nimum",params:{comparison:">=",limit:32},message:"must be >= 32"};e===null?e=[t]:e.push(t),r++}}}if(o.warnRatio!==
void 0){let s=o.warnRatio;if(typeof s=="number"&&isFinite(s)){if(s>1||isNaN(s)){let t={instancePath:i+"/resour\
ces/warnRatio",schemaPath:"#/properties/resources/properties/warnRatio/maximum",keyword:"maximum",params:{comparison:"\
<=",limit:1},message:"must be <= 1"};e===null?e=[t]:e.push(t),r++}if(s<.1||isNaN(s)){let t={instancePath:i+"/r\
esources/warnRatio",schemaPath:"#/properties/resources/properties/warnRatio/minimum",keyword:"minimum",params:{
comparison:">=",limit:.1},message:"must be >= 0.1"};e===null?e=[t]:e.push(t),r++}}else{let t={instancePath:i+"\
/resources/warnRatio",schemaPath:"#/properties/resources/properties/warnRatio/type",keyword:"type",params:{type:"\
number"},message:"must be number"};e===null?e=[t]:e.push(t),r++}}if(o.checkIntervalMs!==void 0){let s=o.checkIntervalMs;
if(!(typeof s=="number"&&!(s%1)&&!isNaN(s)&&isFinite(s))){let t={instancePath:i+"/resources/checkIntervalMs",schemaPath:"\
#/properties/resources/properties/checkIntervalMs/type",keyword:"type",params:{type:"integer"},message:"must b\
e integer"};e===null?e=[t]:e.push(t),r++}if(typeof s=="number"&&isFinite(s)){if(s>6e4||isNaN(s)){let t={instancePath:i+
"/resources/checkIntervalMs",schemaPath:"#/properties/resources/properties/checkIntervalMs/maximum",keyword:"m\
aximum",params:{comparison:"<=",limit:6e4},message:"must be <= 60000"};e===null?e=[t]:e.push(t),r++}if(s<50||isNaN(
s)){let t={instancePath:i+"/resources/checkIntervalMs",schemaPath:"#/properties/resources/properties/checkInte\
rvalMs/minimum",keyword:"minimum",params:{comparison:">=",limit:50},message:"must be >= 50"};e===null?e=[t]:e.
push(t),r++}}}}else{let s={instancePath:i+"/resources",schemaPath:"#/properties/resources/type",keyword:"type",
params:{type:"object"},message:"must be object"};e===null?e=[s]:e.push(s),r++}}if(n.retry!==void 0){let o=n.retry;
if(o&&typeof o=="object"&&!Array.isArray(o)){for(let s in o)if(!(s==="initialMs"||s==="maxMs"||s==="multiplier"||
s==="jitter")){let t={instancePath:i+"/retry",schemaPath:"#/properties/retry/additionalProperties",keyword:"ad\
ditionalProperties",params:{additionalProperty:s},message:"must NOT have additional properties"};e===null?e=[t]:
e.push(t),r++}if(o.initialMs!==void 0){let s=o.initialMs;if(!(typeof s=="number"&&!(s%1)&&!isNaN(s)&&isFinite(
s))){let t={instancePath:i+"/retry/initialMs",schemaPath:"#/properties/retry/properties/initialMs/type",keyword:"\
type",params:{type:"integer"},message:"must be integer"};e===null?e=[t]:e.push(t),r++}if(typeof s=="number"&&isFinite(
s)){if(s>36e5||isNaN(s)){let t={instancePath:i+"/retry/initialMs",schemaPath:"#/properties/retry/properties/in\
itialMs/maximum",keyword:"maximum",params:{comparison:"<=",limit:36e5},message:"must be <= 3600000"};e===null?
e=[t]:e.push(t),r++}if(s<1||isNaN(s)){let t={instancePath:i+"/retry/initialMs",schemaPath:"#/properties/retry/\
properties/initialMs/minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"must be >= 1"};e===null?
e=[t]:e.push(t),r++}}}if(o.maxMs!==void 0){let s=o.maxMs;if(!(typeof s=="number"&&!(s%1)&&!isNaN(s)&&isFinite(
s))){let t={instancePath:i+"/retry/maxMs",schemaPath:"#/properties/retry/properties/maxMs/type",keyword:"type",
params:{type:"integer"},message:"must be integer"};e===null?e=[t]:e.push(t),r++}if(typeof s=="number"&&isFinite(
s)){if(s>36e5||isNaN(s)){let t={instancePath:i+"/retry/maxMs",schemaPath:"#/properties/retry/properties/maxMs/\
maximum",keyword:"maximum",params:{comparison:"<=",limit:36e5},message:"must be <= 3600000"};e===null?e=[t]:e.
push(t),r++}if(s<1||isNaN(s)){let t={instancePath:i+"/retry/maxMs",schemaPath:"#/properties/retry/properties/m\
axMs/minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"must be >= 1"};e===null?e=[t]:e.push(
t),r++}}}if(o.multiplier!==void 0){let s=o.multiplier;if(typeof s=="number"&&isFinite(s)){if(s>100||isNaN(s)){
let t={instancePath:i+"/retry/multiplier",schemaPath:"#/properties/retry/properties/multiplier/maximum",keyword:"\
maximum",params:{comparison:"<=",limit:100},message:"must be <= 100"};e===null?e=[t]:e.push(t),r++}if(s<1||isNaN(
s)){let t={instancePath:i+"/retry/multiplier",schemaPath:"#/properties/retry/properties/multiplier/minimum",keyword:"\
minimum",params:{comparison:">=",limit:1},message:"must be >= 1"};e===null?e=[t]:e.push(t),r++}}else{let t={instancePath:i+
"/retry/multiplier",schemaPath:"#/properties/retry/properties/multiplier/type",keyword:"type",params:{type:"nu\
mber"},message:"must be number"};e===null?e=[t]:e.push(t),r++}}if(o.jitter!==void 0){let s=o.jitter;if(typeof s==
"number"&&isFinite(s)){if(s>1||isNaN(s)){let t={instancePath:i+"/retry/jitter",schemaPath:"#/properties/retry/\
properties/jitter/maximum",keyword:"maximum",params:{comparison:"<=",limit:1},message:"must be <= 1"};e===null?
e=[t]:e.push(t),r++}if(s<0||isNaN(s)){let t={instancePath:i+"/retry/jitter",schemaPath:"#/properties/retry/pro\
perties/jitter/minimum",keyword:"minimum",params:{comparison:">=",limit:0},message:"must be >= 0"};e===null?e=
[t]:e.push(t),r++}}else{let t={instancePath:i+"/retry/jitter",schemaPath:"#/properties/retry/properties/jitter\
/type",keyword:"type",params:{type:"number"},message:"must be number"};e===null?e=[t]:e.push(t),r++}}}else{let s={
instancePath:i+"/retry",schemaPath:"#/properties/retry/type",keyword:"type",params:{type:"object"},message:"mu\
st be object"};e===null?e=[s]:e.push(s),r++}}if(n.health!==void 0){let o=n.health;if(o&&typeof o=="object"&&!Array.
isArray(o)){for(let s in o)if(!(s==="driftCheckSeconds"||s==="backendChecks")){let t={instancePath:i+"/health",
schemaPath:"#/properties/health/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:s},
message:"must NOT have additional properties"};e===null?e=[t]:e.push(t),r++}if(o.driftCheckSeconds!==void 0){let s=o.
driftCheckSeconds;if(typeof s=="number"&&isFinite(s)){if(s>86400||isNaN(s)){let t={instancePath:i+"/health/dri\
ftCheckSeconds",schemaPath:"#/properties/health/properties/driftCheckSeconds/maximum",keyword:"maximum",params:{
comparison:"<=",limit:86400},message:"must be <= 86400"};e===null?e=[t]:e.push(t),r++}if(s<.1||isNaN(s)){let t={
instancePath:i+"/health/driftCheckSeconds",schemaPath:"#/properties/health/properties/driftCheckSeconds/minimu\
m",keyword:"minimum",params:{comparison:">=",limit:.1},message:"must be >= 0.1"};e===null?e=[t]:e.push(t),r++}}else{
let t={instancePath:i+"/health/driftCheckSeconds",schemaPath:"#/properties/health/properties/driftCheckSeconds\
/type",keyword:"type",params:{type:"number"},message:"must be number"};e===null?e=[t]:e.push(t),r++}}if(o.backendChecks!==
void 0&&typeof o.backendChecks!="boolean"){let s={instancePath:i+"/health/backendChecks",schemaPath:"#/propert\
ies/health/properties/backendChecks/type",keyword:"type",params:{type:"boolean"},message:"must be boolean"};e===
null?e=[s]:e.push(s),r++}}else{let s={instancePath:i+"/health",schemaPath:"#/properties/health/type",keyword:"\
type",params:{type:"object"},message:"must be object"};e===null?e=[s]:e.push(s),r++}}if(n.shutdown!==void 0){let o=n.
shutdown;if(o&&typeof o=="object"&&!Array.isArray(o)){for(let s in o)if(!(s==="timeoutSeconds"||s==="detachOnE\
xit"||s==="metricsFile")){let t={instancePath:i+"/shutdown",schemaPath:"#/properties/shutdown/additionalProper\
ties",keyword:"additionalProperties",params:{additionalProperty:s},message:"must NOT have additional propertie\
s"};e===null?e=[t]:e.push(t),r++}if(o.timeoutSeconds!==void 0){let s=o.timeoutSeconds;if(typeof s=="number"&&isFinite(
s)){if(s>600||isNaN(s)){let t={instancePath:i+"/shutdown/timeoutSeconds",schemaPath:"#/properties/shutdown/pro\
perties/timeoutSeconds/maximum",keyword:"maximum",params:{comparison:"<=",limit:600},message:"must be <= 600"};
e===null?e=[t]:e.push(t),r++}if(s<.1||isNaN(s)){let t={instancePath:i+"/shutdown/timeoutSeconds",schemaPath:"#\
/properties/shutdown/properties/timeoutSeconds/minimum",keyword:"minimum",params:{comparison:">=",limit:.1},message:"\
must be >= 0.1"};e===null?e=[t]:e.push(t),r++}}else{let t={instancePath:i+"/shutdown/timeoutSeconds",schemaPath:"\
#/properties/shutdown/properties/timeoutSeconds/type",keyword:"type",params:{type:"number"},message:"must be n\
umber"};e===null?e=[t]:e.push(t),r++}}if(o.detachOnExit!==void 0&&typeof o.detachOnExit!="boolean"){let s={instancePath:i+
"/shutdown/detachOnExit",schemaPath:"#/properties/shutdown/properties/detachOnExit/type",keyword:"type",params:{
type:"boolean"},message:"must be boolean"};e===null?e=[s]:e.push(s),r++}if(o.metricsFile!==void 0){let s=o.metricsFile;
if(typeof s!="string"&&s!==null){let t={instancePath:i+"/shutdown/metricsFile",schemaPath:"#/properties/shutdo\
wn/properties/metricsFile/type",keyword:"type",params:{type:m.properties.shutdown.properties.metricsFile.type},
message:"must be string,null"};e===null?e=[t]:e.push(t),r++}if(typeof s=="string"&&p(s)<1){let t={instancePath:i+
"/shutdown/metricsFile",schemaPath:"#/properties/shutdown/properties/metricsFile/minLength",keyword:"minLength",
params:{limit:1},message:"must NOT have fewer than 1 characters"};e===null?e=[t]:e.push(t),r++}}}else{let s={instancePath:i+
"/shutdown",schemaPath:"#/properties/shutdown/type",keyword:"type",params:{type:"object"},message:"must be obj\
ect"};e===null?e=[s]:e.push(s),r++}}}else{let o={instancePath:i,schemaPath:"#/type",keyword:"type",params:{type:"\
object"},message:"must be object"};e===null?e=[o]:e.push(o),r++}return y.errors=e,r===0}export{F as default,L as validate};
