// Made from manifest.schema.json by generate.mjs (npm run generate). Do not edit.
var Z=(t,s)=>()=>{try{return s||t((s={exports:{}}).exports,s),s.exports}catch(N){throw s=0,N}};var E=Z($=>{"use strict";Object.defineProperty($,"__esModule",{value:!0});function C(t){let s=t.length,N=0,_=0,
y;for(;_<s;)N++,y=t.charCodeAt(_++),y>=55296&&y<=56319&&_<s&&(y=t.charCodeAt(_),(y&64512)===56320&&_++);return N}
$.default=C;C.code='require("ajv/dist/runtime/ucs2length").default'});var ne=h,oe=h,U={$schema:"http://json-schema.org/draft-07/schema#",title:"Manifest",description:"The manifest \
of a bundle: docs/BUNDLE.md. Source of manifest.generated.ts and validate-manifest.generated.js.",type:"object",
additionalProperties:!1,required:["formatVersion","abiVersion","fleet","revision","memoryBytes","sections","ru\
les","policies","backends","sets","witnesses"],properties:{formatVersion:{const:1,description:"Version of the \
file format."},abiVersion:{type:"integer",minimum:1,description:"ABI_VERSION of bpf/shared.h."},fleet:{$ref:"#\
/definitions/ManifestFleet"},revision:{description:"Digest of the policy sources and feeds that the bundle was\
 compiled from.",type:"string",pattern:"^sha256:[0-9a-f]{64}$"},memoryBytes:{description:"Kernel memory that t\
he tables take, in bytes.",type:"integer",minimum:0,maximum:9007199254740991},sections:{description:"In the or\
der of the file.",type:"array",minItems:1,maxItems:64,items:{$ref:"#/definitions/ManifestSection"}},rules:{description:"\
Management flows, then the fleet's rules from top to bottom.",type:"array",maxItems:4096,items:{$ref:"#/defini\
tions/ManifestRule"}},policies:{type:"array",items:{$ref:"#/definitions/ManifestPolicy"}},backends:{type:"arra\
y",maxItems:256,items:{$ref:"#/definitions/ManifestBackend"}},sets:{type:"array",items:{$ref:"#/definitions/Ma\
nifestSet"}},witnesses:{type:"array",items:{$ref:"#/definitions/Witness"}}},definitions:{ManifestFleet:{type:"\
object",additionalProperties:!1,required:["name","interfaces","attach","defaultVerdict"],properties:{name:{type:"\
string",minLength:1},interfaces:{type:"array",items:{type:"string",minLength:1}},attach:{enum:["native","gener\
ic"]},defaultVerdict:{enum:["pass","drop"]}}},ManifestSection:{description:"The memory image of one map; `conf\
ig` is the policy's part of .rodata.",type:"object",additionalProperties:!1,required:["name","offset","length",
"entryBytes","entries","sha256"],properties:{name:{enum:["config","rules","fields","vectors","source4_blocks",
"source4_root","source4_ranges","source6_hosts","source6_nets","source6_root","source6_ranges","destination4_b\
locks","destination4_root","destination4_ranges","destination6_hosts","destination6_nets","destination6_root",
"destination6_ranges"]},offset:{description:"Byte of the file where it begins, a multiple of 4,096.",type:"int\
eger",minimum:4096,maximum:9007199254740991},length:{description:"Bytes, without padding.",type:"integer",minimum:1,
maximum:9007199254740991},entryBytes:{description:"Value size of the map.",type:"integer",minimum:1},entries:{
description:"max_entries of the map.",type:"integer",minimum:1},sha256:{description:"SHA-256 of its bytes wher\
e they are at most 262,144; else SHA-256 of the SHA-256s, 32 bytes each and in order, of its parts of 262,144 \
bytes, of which the last may be shorter.",type:"string",pattern:"^[0-9a-f]{64}$"}}},ManifestRule:{type:"object",
additionalProperties:!1,required:["index","id","stableId","policy","name","action","shadow","backend","locatio\
n","limit"],properties:{index:{description:"Its bit in the vectors and its line in `rules`.",type:"integer",minimum:0,
maximum:4095},id:{description:"`<policy>/<rule>`.",type:"string",minLength:1},stableId:{description:"`id` of s\
truct rule, 16 hex digits.",type:"string",pattern:"^[0-9a-f]{16}$"},policy:{type:"string",minLength:1},name:{type:"\
string",minLength:1},action:{enum:["pass","drop","limit"]},shadow:{type:"boolean"},backend:{type:["string","nu\
ll"],description:"Name of a backend."},location:{$ref:"#/definitions/ManifestLocation"},limit:{description:"nu\
ll where the action is not `limit`.",anyOf:[{$ref:"#/definitions/ManifestLimit"},{type:"null"}]}}},ManifestLocation:{
description:"The policy line that made it. Line and column count from 1.",type:"object",additionalProperties:!1,
required:["file","line","column"],properties:{file:{type:"string"},line:{type:"integer",minimum:1},column:{type:"\
integer",minimum:1}}},ManifestLimit:{type:"object",additionalProperties:!1,required:["unit","ratePerSecond","b\
urst","key","prefix4","prefix6","blockForSeconds"],properties:{unit:{enum:["packets","bytes"]},ratePerSecond:{
type:"number",exclusiveMinimum:0},burst:{description:"In units.",type:"number",minimum:0},key:{enum:["rule","s\
ource","destination","source-port","destination-port"]},prefix4:{type:"integer",minimum:0,maximum:32},prefix6:{
type:"integer",minimum:0,maximum:128},blockForSeconds:{type:["number","null"],minimum:0}}},ManifestPolicy:{type:"\
object",additionalProperties:!1,required:["name","owners","backend"],properties:{name:{type:"string",minLength:1},
owners:{type:"array",items:{type:"string"}},backend:{type:["string","null"]}}},ManifestBackend:{type:"object",
additionalProperties:!1,required:["name","listen","protocols","origins","healthCheck"],properties:{name:{type:"\
string",minLength:1},listen:{type:"array",items:{type:"string"}},protocols:{type:"array",items:{enum:["tcp","u\
dp"]}},origins:{type:"array",items:{type:"string"}},healthCheck:{description:"How the agent asks the origins; \
null: it does not.",anyOf:[{$ref:"#/definitions/ManifestHealthCheck"},{type:"null"}]}}},ManifestHealthCheck:{type:"\
object",additionalProperties:!1,required:["kind","port","path","intervalSeconds","timeoutSeconds","unhealthyTh\
reshold"],properties:{kind:{enum:["tcp","udp","http","https"]},port:{type:"integer",minimum:1,maximum:65535},path:{
description:"Of an HTTP request; null where the kind has none.",type:["string","null"],pattern:"^/[!-~]*$"},intervalSeconds:{
type:"number",minimum:1,maximum:3600},timeoutSeconds:{type:"number",minimum:1,maximum:3600},unhealthyThreshold:{
description:"Failures in a row that make an origin unhealthy; one success makes it healthy.",type:"integer",minimum:1,
maximum:100}}},ManifestSet:{type:"object",additionalProperties:!1,required:["name","scope","prefixes4","prefix\
es6","sha256","feed"],properties:{name:{type:"string",minLength:1},scope:{description:"The policy, or `fleet:<\
name>`.",type:"string",minLength:1},prefixes4:{description:"The fewest IPv4 prefixes that cover it.",type:"int\
eger",minimum:0},prefixes6:{description:"The fewest IPv6 prefixes that cover it.",type:"integer",minimum:0},sha256:{
description:"Over its ranges in order, first and last address big-endian: IPv4 in 4 bytes each, then IPv6 in 1\
6.",type:"string",pattern:"^[0-9a-f]{64}$"},feed:{description:"Path of the feed file.",type:["string","null"]}}},
Witness:{description:"Packets that must get the verdict and rule given; the steps run in order on state that i\
s empty before.",type:"object",additionalProperties:!1,required:["name","rule","steps"],properties:{name:{type:"\
string",minLength:1},rule:{description:"The rule that it witnesses.",type:["string","null"]},steps:{type:"arra\
y",minItems:1,items:{$ref:"#/definitions/WitnessStep"}}}},WitnessStep:{type:"object",additionalProperties:!1,required:[
"packet","atNs","repeat","verdict","rule","reason"],properties:{packet:{description:"The frame from the destin\
ation MAC on, base64. 14 bytes at least: BPF_PROG_TEST_RUN takes no less.",type:"string",minLength:20,maxLength:87400,
pattern:"^[A-Za-z0-9+/]+={0,2}$"},atNs:{description:"Time in nanoseconds, a u64.",type:"string",pattern:"^(0|[\
1-9][0-9]{0,19})$"},repeat:{description:"How often the packet runs; the expectation holds for the last.",type:"\
integer",minimum:1,maximum:4294967295},verdict:{enum:["pass","drop"]},rule:{description:"The deciding rule's i\
d.",type:["string","null"]},reason:{enum:["default","rule","limit","block","management","arp","neighbour-disco\
very","dhcp","other-ethertype","truncated-ethernet","truncated-vlan","too-many-vlan-tags","truncated-ip","bad-\
ip-version","bad-ihl","bad-total-length","truncated-extension","too-many-extensions","bad-fragment","tiny-frag\
ment","truncated-l4","bad-tcp-offset","bad-udp-length"]}}}}},z=Object.prototype.hasOwnProperty,H={type:"object",
additionalProperties:!1,required:["name","interfaces","attach","defaultVerdict"],properties:{name:{type:"strin\
g",minLength:1},interfaces:{type:"array",items:{type:"string",minLength:1}},attach:{enum:["native","generic"]},
defaultVerdict:{enum:["pass","drop"]}}},L=E().default;function T(t,{instancePath:s="",parentData:N,parentDataProperty:_,
rootData:y=t}={}){let n=null,r=0;if(r===0)if(t&&typeof t=="object"&&!Array.isArray(t)){let u;if(t.name===void 0&&
(u="name")||t.interfaces===void 0&&(u="interfaces")||t.attach===void 0&&(u="attach")||t.defaultVerdict===void 0&&
(u="defaultVerdict"))return T.errors=[{instancePath:s,schemaPath:"#/required",keyword:"required",params:{missingProperty:u},
message:"must have required property '"+u+"'"}],!1;{let e=r;for(let a in t)if(!(a==="name"||a==="interfaces"||
a==="attach"||a==="defaultVerdict")){return T.errors=[{instancePath:s,schemaPath:"#/additionalProperties",keyword:"\
additionalProperties",params:{additionalProperty:a},message:"must NOT have additional properties"}],!1;break}if(e===
r){if(t.name!==void 0){let a=t.name,p=r;if(r===p)if(typeof a=="string"){if(L(a)<1)return T.errors=[{instancePath:s+
"/name",schemaPath:"#/properties/name/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have f\
ewer than 1 characters"}],!1}else return T.errors=[{instancePath:s+"/name",schemaPath:"#/properties/name/type",
keyword:"type",params:{type:"string"},message:"must be string"}],!1;var i=p===r}else var i=!0;if(i){if(t.interfaces!==
void 0){let a=t.interfaces,p=r;if(r===p)if(Array.isArray(a)){var m=!0;let l=a.length;for(let c=0;c<l;c++){let o=a[c],
f=r;if(r===f)if(typeof o=="string"){if(L(o)<1)return T.errors=[{instancePath:s+"/interfaces/"+c,schemaPath:"#/\
properties/interfaces/items/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewer than \
1 characters"}],!1}else return T.errors=[{instancePath:s+"/interfaces/"+c,schemaPath:"#/properties/interfaces/\
items/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var m=f===r;if(!m)break}}else return T.
errors=[{instancePath:s+"/interfaces",schemaPath:"#/properties/interfaces/type",keyword:"type",params:{type:"a\
rray"},message:"must be array"}],!1;var i=p===r}else var i=!0;if(i){if(t.attach!==void 0){let a=t.attach,p=r;if(!(a===
"native"||a==="generic"))return T.errors=[{instancePath:s+"/attach",schemaPath:"#/properties/attach/enum",keyword:"\
enum",params:{allowedValues:H.properties.attach.enum},message:"must be equal to one of the allowed values"}],!1;
var i=p===r}else var i=!0;if(i)if(t.defaultVerdict!==void 0){let a=t.defaultVerdict,p=r;if(!(a==="pass"||a==="\
drop"))return T.errors=[{instancePath:s+"/defaultVerdict",schemaPath:"#/properties/defaultVerdict/enum",keyword:"\
enum",params:{allowedValues:H.properties.defaultVerdict.enum},message:"must be equal to one of the allowed val\
ues"}],!1;var i=p===r}else var i=!0}}}}}else return T.errors=[{instancePath:s,schemaPath:"#/type",keyword:"typ\
e",params:{type:"object"},message:"must be object"}],!1;return T.errors=n,r===0}var G={description:"The memory\
 image of one map; `config` is the policy's part of .rodata.",type:"object",additionalProperties:!1,required:[
"name","offset","length","entryBytes","entries","sha256"],properties:{name:{enum:["config","rules","fields","v\
ectors","source4_blocks","source4_root","source4_ranges","source6_hosts","source6_nets","source6_root","source\
6_ranges","destination4_blocks","destination4_root","destination4_ranges","destination6_hosts","destination6_n\
ets","destination6_root","destination6_ranges"]},offset:{description:"Byte of the file where it begins, a mult\
iple of 4,096.",type:"integer",minimum:4096,maximum:9007199254740991},length:{description:"Bytes, without padd\
ing.",type:"integer",minimum:1,maximum:9007199254740991},entryBytes:{description:"Value size of the map.",type:"\
integer",minimum:1},entries:{description:"max_entries of the map.",type:"integer",minimum:1},sha256:{description:"\
SHA-256 of its bytes where they are at most 262,144; else SHA-256 of the SHA-256s, 32 bytes each and in order,\
 of its parts of 262,144 bytes, of which the last may be shorter.",type:"string",pattern:"^[0-9a-f]{64}$"}}},W=new RegExp(
"^[0-9a-f]{64}$","u");function P(t,{instancePath:s="",parentData:N,parentDataProperty:_,rootData:y=t}={}){let n=null,
r=0;if(r===0)if(t&&typeof t=="object"&&!Array.isArray(t)){let m;if(t.name===void 0&&(m="name")||t.offset===void 0&&
(m="offset")||t.length===void 0&&(m="length")||t.entryBytes===void 0&&(m="entryBytes")||t.entries===void 0&&(m=
"entries")||t.sha256===void 0&&(m="sha256"))return P.errors=[{instancePath:s,schemaPath:"#/required",keyword:"\
required",params:{missingProperty:m},message:"must have required property '"+m+"'"}],!1;{let u=r;for(let e in t)
if(!(e==="name"||e==="offset"||e==="length"||e==="entryBytes"||e==="entries"||e==="sha256")){return P.errors=[
{instancePath:s,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:e},
message:"must NOT have additional properties"}],!1;break}if(u===r){if(t.name!==void 0){let e=t.name,a=r;if(!(e===
"config"||e==="rules"||e==="fields"||e==="vectors"||e==="source4_blocks"||e==="source4_root"||e==="source4_ran\
ges"||e==="source6_hosts"||e==="source6_nets"||e==="source6_root"||e==="source6_ranges"||e==="destination4_blo\
cks"||e==="destination4_root"||e==="destination4_ranges"||e==="destination6_hosts"||e==="destination6_nets"||e===
"destination6_root"||e==="destination6_ranges"))return P.errors=[{instancePath:s+"/name",schemaPath:"#/propert\
ies/name/enum",keyword:"enum",params:{allowedValues:G.properties.name.enum},message:"must be equal to one of t\
he allowed values"}],!1;var i=a===r}else var i=!0;if(i){if(t.offset!==void 0){let e=t.offset,a=r;if(!(typeof e==
"number"&&!(e%1)&&!isNaN(e)&&isFinite(e)))return P.errors=[{instancePath:s+"/offset",schemaPath:"#/properties/\
offset/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;if(r===a&&typeof e=="number"&&
isFinite(e)){if(e>9007199254740991||isNaN(e))return P.errors=[{instancePath:s+"/offset",schemaPath:"#/properti\
es/offset/maximum",keyword:"maximum",params:{comparison:"<=",limit:9007199254740991},message:"must be <= 90071\
99254740991"}],!1;if(e<4096||isNaN(e))return P.errors=[{instancePath:s+"/offset",schemaPath:"#/properties/offs\
et/minimum",keyword:"minimum",params:{comparison:">=",limit:4096},message:"must be >= 4096"}],!1}var i=a===r}else
var i=!0;if(i){if(t.length!==void 0){let e=t.length,a=r;if(!(typeof e=="number"&&!(e%1)&&!isNaN(e)&&isFinite(e)))
return P.errors=[{instancePath:s+"/length",schemaPath:"#/properties/length/type",keyword:"type",params:{type:"\
integer"},message:"must be integer"}],!1;if(r===a&&typeof e=="number"&&isFinite(e)){if(e>9007199254740991||isNaN(
e))return P.errors=[{instancePath:s+"/length",schemaPath:"#/properties/length/maximum",keyword:"maximum",params:{
comparison:"<=",limit:9007199254740991},message:"must be <= 9007199254740991"}],!1;if(e<1||isNaN(e))return P.errors=
[{instancePath:s+"/length",schemaPath:"#/properties/length/minimum",keyword:"minimum",params:{comparison:">=",
limit:1},message:"must be >= 1"}],!1}var i=a===r}else var i=!0;if(i){if(t.entryBytes!==void 0){let e=t.entryBytes,
a=r;if(!(typeof e=="number"&&!(e%1)&&!isNaN(e)&&isFinite(e)))return P.errors=[{instancePath:s+"/entryBytes",schemaPath:"\
#/properties/entryBytes/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;if(r===a&&
typeof e=="number"&&isFinite(e)&&(e<1||isNaN(e)))return P.errors=[{instancePath:s+"/entryBytes",schemaPath:"#/\
properties/entryBytes/minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"must be >= 1"}],!1;
var i=a===r}else var i=!0;if(i){if(t.entries!==void 0){let e=t.entries,a=r;if(!(typeof e=="number"&&!(e%1)&&!isNaN(
e)&&isFinite(e)))return P.errors=[{instancePath:s+"/entries",schemaPath:"#/properties/entries/type",keyword:"t\
ype",params:{type:"integer"},message:"must be integer"}],!1;if(r===a&&typeof e=="number"&&isFinite(e)&&(e<1||isNaN(
e)))return P.errors=[{instancePath:s+"/entries",schemaPath:"#/properties/entries/minimum",keyword:"minimum",params:{
comparison:">=",limit:1},message:"must be >= 1"}],!1;var i=a===r}else var i=!0;if(i)if(t.sha256!==void 0){let e=t.
sha256,a=r;if(r===a)if(typeof e=="string"){if(!W.test(e))return P.errors=[{instancePath:s+"/sha256",schemaPath:"\
#/properties/sha256/pattern",keyword:"pattern",params:{pattern:"^[0-9a-f]{64}$"},message:'must match pattern "\
^[0-9a-f]{64}$"'}],!1}else return P.errors=[{instancePath:s+"/sha256",schemaPath:"#/properties/sha256/type",keyword:"\
type",params:{type:"string"},message:"must be string"}],!1;var i=a===r}else var i=!0}}}}}}}else return P.errors=
[{instancePath:s,schemaPath:"#/type",keyword:"type",params:{type:"object"},message:"must be object"}],!1;return P.
errors=n,r===0}var V={type:"object",additionalProperties:!1,required:["index","id","stableId","policy","name",
"action","shadow","backend","location","limit"],properties:{index:{description:"Its bit in the vectors and its\
 line in `rules`.",type:"integer",minimum:0,maximum:4095},id:{description:"`<policy>/<rule>`.",type:"string",minLength:1},
stableId:{description:"`id` of struct rule, 16 hex digits.",type:"string",pattern:"^[0-9a-f]{16}$"},policy:{type:"\
string",minLength:1},name:{type:"string",minLength:1},action:{enum:["pass","drop","limit"]},shadow:{type:"bool\
ean"},backend:{type:["string","null"],description:"Name of a backend."},location:{$ref:"#/definitions/Manifest\
Location"},limit:{description:"null where the action is not `limit`.",anyOf:[{$ref:"#/definitions/ManifestLimi\
t"},{type:"null"}]}}},K=new RegExp("^[0-9a-f]{16}$","u");function j(t,{instancePath:s="",parentData:N,parentDataProperty:_,rootData:y=t}={}){let n=null,r=0;if(r===0)if(t&&
typeof t=="object"&&!Array.isArray(t)){let m;if(t.file===void 0&&(m="file")||t.line===void 0&&(m="line")||t.column===
void 0&&(m="column"))return j.errors=[{instancePath:s,schemaPath:"#/required",keyword:"required",params:{missingProperty:m},
message:"must have required property '"+m+"'"}],!1;{let u=r;for(let e in t)if(!(e==="file"||e==="line"||e==="c\
olumn")){return j.errors=[{instancePath:s,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{
additionalProperty:e},message:"must NOT have additional properties"}],!1;break}if(u===r){if(t.file!==void 0){let e=r;
if(typeof t.file!="string")return j.errors=[{instancePath:s+"/file",schemaPath:"#/properties/file/type",keyword:"\
type",params:{type:"string"},message:"must be string"}],!1;var i=e===r}else var i=!0;if(i){if(t.line!==void 0){
let e=t.line,a=r;if(!(typeof e=="number"&&!(e%1)&&!isNaN(e)&&isFinite(e)))return j.errors=[{instancePath:s+"/l\
ine",schemaPath:"#/properties/line/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;
if(r===a&&typeof e=="number"&&isFinite(e)&&(e<1||isNaN(e)))return j.errors=[{instancePath:s+"/line",schemaPath:"\
#/properties/line/minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"must be >= 1"}],!1;var i=a===
r}else var i=!0;if(i)if(t.column!==void 0){let e=t.column,a=r;if(!(typeof e=="number"&&!(e%1)&&!isNaN(e)&&isFinite(
e)))return j.errors=[{instancePath:s+"/column",schemaPath:"#/properties/column/type",keyword:"type",params:{type:"\
integer"},message:"must be integer"}],!1;if(r===a&&typeof e=="number"&&isFinite(e)&&(e<1||isNaN(e)))return j.errors=
[{instancePath:s+"/column",schemaPath:"#/properties/column/minimum",keyword:"minimum",params:{comparison:">=",
limit:1},message:"must be >= 1"}],!1;var i=a===r}else var i=!0}}}}else return j.errors=[{instancePath:s,schemaPath:"\
#/type",keyword:"type",params:{type:"object"},message:"must be object"}],!1;return j.errors=n,r===0}var I={type:"\
object",additionalProperties:!1,required:["unit","ratePerSecond","burst","key","prefix4","prefix6","blockForSe\
conds"],properties:{unit:{enum:["packets","bytes"]},ratePerSecond:{type:"number",exclusiveMinimum:0},burst:{description:"\
In units.",type:"number",minimum:0},key:{enum:["rule","source","destination","source-port","destination-port"]},
prefix4:{type:"integer",minimum:0,maximum:32},prefix6:{type:"integer",minimum:0,maximum:128},blockForSeconds:{
type:["number","null"],minimum:0}}};function k(t,{instancePath:s="",parentData:N,parentDataProperty:_,rootData:y=t}={}){
let n=null,r=0;if(r===0)if(t&&typeof t=="object"&&!Array.isArray(t)){let m;if(t.unit===void 0&&(m="unit")||t.ratePerSecond===
void 0&&(m="ratePerSecond")||t.burst===void 0&&(m="burst")||t.key===void 0&&(m="key")||t.prefix4===void 0&&(m=
"prefix4")||t.prefix6===void 0&&(m="prefix6")||t.blockForSeconds===void 0&&(m="blockForSeconds"))return k.errors=
[{instancePath:s,schemaPath:"#/required",keyword:"required",params:{missingProperty:m},message:"must have requ\
ired property '"+m+"'"}],!1;{let u=r;for(let e in t)if(!(e==="unit"||e==="ratePerSecond"||e==="burst"||e==="ke\
y"||e==="prefix4"||e==="prefix6"||e==="blockForSeconds")){return k.errors=[{instancePath:s,schemaPath:"#/addit\
ionalProperties",keyword:"additionalProperties",params:{additionalProperty:e},message:"must NOT have additiona\
l properties"}],!1;break}if(u===r){if(t.unit!==void 0){let e=t.unit,a=r;if(!(e==="packets"||e==="bytes"))return k.
errors=[{instancePath:s+"/unit",schemaPath:"#/properties/unit/enum",keyword:"enum",params:{allowedValues:I.properties.
unit.enum},message:"must be equal to one of the allowed values"}],!1;var i=a===r}else var i=!0;if(i){if(t.ratePerSecond!==
void 0){let e=t.ratePerSecond,a=r;if(r===a)if(typeof e=="number"&&isFinite(e)){if(e<=0||isNaN(e))return k.errors=
[{instancePath:s+"/ratePerSecond",schemaPath:"#/properties/ratePerSecond/exclusiveMinimum",keyword:"exclusiveM\
inimum",params:{comparison:">",limit:0},message:"must be > 0"}],!1}else return k.errors=[{instancePath:s+"/rat\
ePerSecond",schemaPath:"#/properties/ratePerSecond/type",keyword:"type",params:{type:"number"},message:"must b\
e number"}],!1;var i=a===r}else var i=!0;if(i){if(t.burst!==void 0){let e=t.burst,a=r;if(r===a)if(typeof e=="n\
umber"&&isFinite(e)){if(e<0||isNaN(e))return k.errors=[{instancePath:s+"/burst",schemaPath:"#/properties/burst\
/minimum",keyword:"minimum",params:{comparison:">=",limit:0},message:"must be >= 0"}],!1}else return k.errors=
[{instancePath:s+"/burst",schemaPath:"#/properties/burst/type",keyword:"type",params:{type:"number"},message:"\
must be number"}],!1;var i=a===r}else var i=!0;if(i){if(t.key!==void 0){let e=t.key,a=r;if(!(e==="rule"||e==="\
source"||e==="destination"||e==="source-port"||e==="destination-port"))return k.errors=[{instancePath:s+"/key",
schemaPath:"#/properties/key/enum",keyword:"enum",params:{allowedValues:I.properties.key.enum},message:"must b\
e equal to one of the allowed values"}],!1;var i=a===r}else var i=!0;if(i){if(t.prefix4!==void 0){let e=t.prefix4,
a=r;if(!(typeof e=="number"&&!(e%1)&&!isNaN(e)&&isFinite(e)))return k.errors=[{instancePath:s+"/prefix4",schemaPath:"\
#/properties/prefix4/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;if(r===a&&typeof e==
"number"&&isFinite(e)){if(e>32||isNaN(e))return k.errors=[{instancePath:s+"/prefix4",schemaPath:"#/properties/\
prefix4/maximum",keyword:"maximum",params:{comparison:"<=",limit:32},message:"must be <= 32"}],!1;if(e<0||isNaN(
e))return k.errors=[{instancePath:s+"/prefix4",schemaPath:"#/properties/prefix4/minimum",keyword:"minimum",params:{
comparison:">=",limit:0},message:"must be >= 0"}],!1}var i=a===r}else var i=!0;if(i){if(t.prefix6!==void 0){let e=t.
prefix6,a=r;if(!(typeof e=="number"&&!(e%1)&&!isNaN(e)&&isFinite(e)))return k.errors=[{instancePath:s+"/prefix\
6",schemaPath:"#/properties/prefix6/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;
if(r===a&&typeof e=="number"&&isFinite(e)){if(e>128||isNaN(e))return k.errors=[{instancePath:s+"/prefix6",schemaPath:"\
#/properties/prefix6/maximum",keyword:"maximum",params:{comparison:"<=",limit:128},message:"must be <= 128"}],
!1;if(e<0||isNaN(e))return k.errors=[{instancePath:s+"/prefix6",schemaPath:"#/properties/prefix6/minimum",keyword:"\
minimum",params:{comparison:">=",limit:0},message:"must be >= 0"}],!1}var i=a===r}else var i=!0;if(i)if(t.blockForSeconds!==
void 0){let e=t.blockForSeconds,a=r;if(!(typeof e=="number"&&isFinite(e))&&e!==null)return k.errors=[{instancePath:s+
"/blockForSeconds",schemaPath:"#/properties/blockForSeconds/type",keyword:"type",params:{type:I.properties.blockForSeconds.
type},message:"must be number,null"}],!1;if(r===a&&typeof e=="number"&&isFinite(e)&&(e<0||isNaN(e)))return k.errors=
[{instancePath:s+"/blockForSeconds",schemaPath:"#/properties/blockForSeconds/minimum",keyword:"minimum",params:{
comparison:">=",limit:0},message:"must be >= 0"}],!1;var i=a===r}else var i=!0}}}}}}}}else return k.errors=[{instancePath:s,
schemaPath:"#/type",keyword:"type",params:{type:"object"},message:"must be object"}],!1;return k.errors=n,r===
0}function g(t,{instancePath:s="",parentData:N,parentDataProperty:_,rootData:y=t}={}){let n=null,r=0;if(r===0)
if(t&&typeof t=="object"&&!Array.isArray(t)){let u;if(t.index===void 0&&(u="index")||t.id===void 0&&(u="id")||
t.stableId===void 0&&(u="stableId")||t.policy===void 0&&(u="policy")||t.name===void 0&&(u="name")||t.action===
void 0&&(u="action")||t.shadow===void 0&&(u="shadow")||t.backend===void 0&&(u="backend")||t.location===void 0&&
(u="location")||t.limit===void 0&&(u="limit"))return g.errors=[{instancePath:s,schemaPath:"#/required",keyword:"\
required",params:{missingProperty:u},message:"must have required property '"+u+"'"}],!1;{let e=r;for(let a in t)
if(!z.call(V.properties,a)){return g.errors=[{instancePath:s,schemaPath:"#/additionalProperties",keyword:"addi\
tionalProperties",params:{additionalProperty:a},message:"must NOT have additional properties"}],!1;break}if(e===
r){if(t.index!==void 0){let a=t.index,p=r;if(!(typeof a=="number"&&!(a%1)&&!isNaN(a)&&isFinite(a)))return g.errors=
[{instancePath:s+"/index",schemaPath:"#/properties/index/type",keyword:"type",params:{type:"integer"},message:"\
must be integer"}],!1;if(r===p&&typeof a=="number"&&isFinite(a)){if(a>4095||isNaN(a))return g.errors=[{instancePath:s+
"/index",schemaPath:"#/properties/index/maximum",keyword:"maximum",params:{comparison:"<=",limit:4095},message:"\
must be <= 4095"}],!1;if(a<0||isNaN(a))return g.errors=[{instancePath:s+"/index",schemaPath:"#/properties/inde\
x/minimum",keyword:"minimum",params:{comparison:">=",limit:0},message:"must be >= 0"}],!1}var i=p===r}else var i=!0;
if(i){if(t.id!==void 0){let a=t.id,p=r;if(r===p)if(typeof a=="string"){if(L(a)<1)return g.errors=[{instancePath:s+
"/id",schemaPath:"#/properties/id/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewer\
 than 1 characters"}],!1}else return g.errors=[{instancePath:s+"/id",schemaPath:"#/properties/id/type",keyword:"\
type",params:{type:"string"},message:"must be string"}],!1;var i=p===r}else var i=!0;if(i){if(t.stableId!==void 0){
let a=t.stableId,p=r;if(r===p)if(typeof a=="string"){if(!K.test(a))return g.errors=[{instancePath:s+"/stableId",
schemaPath:"#/properties/stableId/pattern",keyword:"pattern",params:{pattern:"^[0-9a-f]{16}$"},message:'must m\
atch pattern "^[0-9a-f]{16}$"'}],!1}else return g.errors=[{instancePath:s+"/stableId",schemaPath:"#/properties\
/stableId/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var i=p===r}else var i=!0;
if(i){if(t.policy!==void 0){let a=t.policy,p=r;if(r===p)if(typeof a=="string"){if(L(a)<1)return g.errors=[{instancePath:s+
"/policy",schemaPath:"#/properties/policy/minLength",keyword:"minLength",params:{limit:1},message:"must NOT ha\
ve fewer than 1 characters"}],!1}else return g.errors=[{instancePath:s+"/policy",schemaPath:"#/properties/poli\
cy/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var i=p===r}else var i=!0;if(i){if(t.
name!==void 0){let a=t.name,p=r;if(r===p)if(typeof a=="string"){if(L(a)<1)return g.errors=[{instancePath:s+"/n\
ame",schemaPath:"#/properties/name/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have fewe\
r than 1 characters"}],!1}else return g.errors=[{instancePath:s+"/name",schemaPath:"#/properties/name/type",keyword:"\
type",params:{type:"string"},message:"must be string"}],!1;var i=p===r}else var i=!0;if(i){if(t.action!==void 0){
let a=t.action,p=r;if(!(a==="pass"||a==="drop"||a==="limit"))return g.errors=[{instancePath:s+"/action",schemaPath:"\
#/properties/action/enum",keyword:"enum",params:{allowedValues:V.properties.action.enum},message:"must be equa\
l to one of the allowed values"}],!1;var i=p===r}else var i=!0;if(i){if(t.shadow!==void 0){let a=r;if(typeof t.
shadow!="boolean")return g.errors=[{instancePath:s+"/shadow",schemaPath:"#/properties/shadow/type",keyword:"ty\
pe",params:{type:"boolean"},message:"must be boolean"}],!1;var i=a===r}else var i=!0;if(i){if(t.backend!==void 0){
let a=t.backend,p=r;if(typeof a!="string"&&a!==null)return g.errors=[{instancePath:s+"/backend",schemaPath:"#/\
properties/backend/type",keyword:"type",params:{type:V.properties.backend.type},message:"must be string,null"}],
!1;var i=p===r}else var i=!0;if(i){if(t.location!==void 0){let a=r;j(t.location,{instancePath:s+"/location",parentData:t,
parentDataProperty:"location",rootData:y})||(n=n===null?j.errors:n.concat(j.errors),r=n.length);var i=a===r}else
var i=!0;if(i)if(t.limit!==void 0){let a=t.limit,p=r,D=r,l=!1,c=r;k(a,{instancePath:s+"/limit",parentData:t,parentDataProperty:"\
limit",rootData:y})||(n=n===null?k.errors:n.concat(k.errors),r=n.length);var m=c===r;if(l=l||m,!l){let f=r;if(a!==
null){let b={instancePath:s+"/limit",schemaPath:"#/properties/limit/anyOf/1/type",keyword:"type",params:{type:"\
null"},message:"must be null"};n===null?n=[b]:n.push(b),r++}var m=f===r;l=l||m}if(l)r=D,n!==null&&(D?n.length=
D:n=null);else{let f={instancePath:s+"/limit",schemaPath:"#/properties/limit/anyOf",keyword:"anyOf",params:{},
message:"must match a schema in anyOf"};return n===null?n=[f]:n.push(f),r++,g.errors=n,!1}var i=p===r}else var i=!0}}}}}}}}}}}else
return g.errors=[{instancePath:s,schemaPath:"#/type",keyword:"type",params:{type:"object"},message:"must be ob\
ject"}],!1;return g.errors=n,r===0}var J={type:"object",additionalProperties:!1,required:["name","owners","bac\
kend"],properties:{name:{type:"string",minLength:1},owners:{type:"array",items:{type:"string"}},backend:{type:[
"string","null"]}}};function A(t,{instancePath:s="",parentData:N,parentDataProperty:_,rootData:y=t}={}){let n=null,
r=0;if(r===0)if(t&&typeof t=="object"&&!Array.isArray(t)){let u;if(t.name===void 0&&(u="name")||t.owners===void 0&&
(u="owners")||t.backend===void 0&&(u="backend"))return A.errors=[{instancePath:s,schemaPath:"#/required",keyword:"\
required",params:{missingProperty:u},message:"must have required property '"+u+"'"}],!1;{let e=r;for(let a in t)
if(!(a==="name"||a==="owners"||a==="backend")){return A.errors=[{instancePath:s,schemaPath:"#/additionalProper\
ties",keyword:"additionalProperties",params:{additionalProperty:a},message:"must NOT have additional propertie\
s"}],!1;break}if(e===r){if(t.name!==void 0){let a=t.name,p=r;if(r===p)if(typeof a=="string"){if(L(a)<1)return A.
errors=[{instancePath:s+"/name",schemaPath:"#/properties/name/minLength",keyword:"minLength",params:{limit:1},
message:"must NOT have fewer than 1 characters"}],!1}else return A.errors=[{instancePath:s+"/name",schemaPath:"\
#/properties/name/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var i=p===r}else var i=!0;
if(i){if(t.owners!==void 0){let a=t.owners,p=r;if(r===p)if(Array.isArray(a)){var m=!0;let l=a.length;for(let c=0;c<
l;c++){let o=r;if(typeof a[c]!="string")return A.errors=[{instancePath:s+"/owners/"+c,schemaPath:"#/properties\
/owners/items/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var m=o===r;if(!m)break}}else
return A.errors=[{instancePath:s+"/owners",schemaPath:"#/properties/owners/type",keyword:"type",params:{type:"\
array"},message:"must be array"}],!1;var i=p===r}else var i=!0;if(i)if(t.backend!==void 0){let a=t.backend,p=r;
if(typeof a!="string"&&a!==null)return A.errors=[{instancePath:s+"/backend",schemaPath:"#/properties/backend/t\
ype",keyword:"type",params:{type:J.properties.backend.type},message:"must be string,null"}],!1;var i=p===r}else
var i=!0}}}}else return A.errors=[{instancePath:s,schemaPath:"#/type",keyword:"type",params:{type:"object"},message:"\
must be object"}],!1;return A.errors=n,r===0}var Q={type:"object",additionalProperties:!1,required:["name","li\
sten","protocols","origins","healthCheck"],properties:{name:{type:"string",minLength:1},listen:{type:"array",items:{
type:"string"}},protocols:{type:"array",items:{enum:["tcp","udp"]}},origins:{type:"array",items:{type:"string"}},
healthCheck:{description:"How the agent asks the origins; null: it does not.",anyOf:[{$ref:"#/definitions/Mani\
festHealthCheck"},{type:"null"}]}}},R={type:"object",additionalProperties:!1,required:["kind","port","path","i\
ntervalSeconds","timeoutSeconds","unhealthyThreshold"],properties:{kind:{enum:["tcp","udp","http","https"]},port:{
type:"integer",minimum:1,maximum:65535},path:{description:"Of an HTTP request; null where the kind has none.",
type:["string","null"],pattern:"^/[!-~]*$"},intervalSeconds:{type:"number",minimum:1,maximum:3600},timeoutSeconds:{
type:"number",minimum:1,maximum:3600},unhealthyThreshold:{description:"Failures in a row that make an origin u\
nhealthy; one success makes it healthy.",type:"integer",minimum:1,maximum:100}}},X=new RegExp("^/[!-~]*$","u");
function v(t,{instancePath:s="",parentData:N,parentDataProperty:_,rootData:y=t}={}){let n=null,r=0;if(r===0)if(t&&
typeof t=="object"&&!Array.isArray(t)){let m;if(t.kind===void 0&&(m="kind")||t.port===void 0&&(m="port")||t.path===
void 0&&(m="path")||t.intervalSeconds===void 0&&(m="intervalSeconds")||t.timeoutSeconds===void 0&&(m="timeoutS\
econds")||t.unhealthyThreshold===void 0&&(m="unhealthyThreshold"))return v.errors=[{instancePath:s,schemaPath:"\
#/required",keyword:"required",params:{missingProperty:m},message:"must have required property '"+m+"'"}],!1;{
let u=r;for(let e in t)if(!(e==="kind"||e==="port"||e==="path"||e==="intervalSeconds"||e==="timeoutSeconds"||e===
"unhealthyThreshold")){return v.errors=[{instancePath:s,schemaPath:"#/additionalProperties",keyword:"additiona\
lProperties",params:{additionalProperty:e},message:"must NOT have additional properties"}],!1;break}if(u===r){
if(t.kind!==void 0){let e=t.kind,a=r;if(!(e==="tcp"||e==="udp"||e==="http"||e==="https"))return v.errors=[{instancePath:s+
"/kind",schemaPath:"#/properties/kind/enum",keyword:"enum",params:{allowedValues:R.properties.kind.enum},message:"\
must be equal to one of the allowed values"}],!1;var i=a===r}else var i=!0;if(i){if(t.port!==void 0){let e=t.port,
a=r;if(!(typeof e=="number"&&!(e%1)&&!isNaN(e)&&isFinite(e)))return v.errors=[{instancePath:s+"/port",schemaPath:"\
#/properties/port/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;if(r===a&&typeof e==
"number"&&isFinite(e)){if(e>65535||isNaN(e))return v.errors=[{instancePath:s+"/port",schemaPath:"#/properties/\
port/maximum",keyword:"maximum",params:{comparison:"<=",limit:65535},message:"must be <= 65535"}],!1;if(e<1||isNaN(
e))return v.errors=[{instancePath:s+"/port",schemaPath:"#/properties/port/minimum",keyword:"minimum",params:{comparison:"\
>=",limit:1},message:"must be >= 1"}],!1}var i=a===r}else var i=!0;if(i){if(t.path!==void 0){let e=t.path,a=r;
if(typeof e!="string"&&e!==null)return v.errors=[{instancePath:s+"/path",schemaPath:"#/properties/path/type",keyword:"\
type",params:{type:R.properties.path.type},message:"must be string,null"}],!1;if(r===a&&typeof e=="string"&&!X.
test(e))return v.errors=[{instancePath:s+"/path",schemaPath:"#/properties/path/pattern",keyword:"pattern",params:{
pattern:"^/[!-~]*$"},message:'must match pattern "^/[!-~]*$"'}],!1;var i=a===r}else var i=!0;if(i){if(t.intervalSeconds!==
void 0){let e=t.intervalSeconds,a=r;if(r===a)if(typeof e=="number"&&isFinite(e)){if(e>3600||isNaN(e))return v.
errors=[{instancePath:s+"/intervalSeconds",schemaPath:"#/properties/intervalSeconds/maximum",keyword:"maximum",
params:{comparison:"<=",limit:3600},message:"must be <= 3600"}],!1;if(e<1||isNaN(e))return v.errors=[{instancePath:s+
"/intervalSeconds",schemaPath:"#/properties/intervalSeconds/minimum",keyword:"minimum",params:{comparison:">=",
limit:1},message:"must be >= 1"}],!1}else return v.errors=[{instancePath:s+"/intervalSeconds",schemaPath:"#/pr\
operties/intervalSeconds/type",keyword:"type",params:{type:"number"},message:"must be number"}],!1;var i=a===r}else
var i=!0;if(i){if(t.timeoutSeconds!==void 0){let e=t.timeoutSeconds,a=r;if(r===a)if(typeof e=="number"&&isFinite(
e)){if(e>3600||isNaN(e))return v.errors=[{instancePath:s+"/timeoutSeconds",schemaPath:"#/properties/timeoutSec\
onds/maximum",keyword:"maximum",params:{comparison:"<=",limit:3600},message:"must be <= 3600"}],!1;if(e<1||isNaN(
e))return v.errors=[{instancePath:s+"/timeoutSeconds",schemaPath:"#/properties/timeoutSeconds/minimum",keyword:"\
minimum",params:{comparison:">=",limit:1},message:"must be >= 1"}],!1}else return v.errors=[{instancePath:s+"/\
timeoutSeconds",schemaPath:"#/properties/timeoutSeconds/type",keyword:"type",params:{type:"number"},message:"m\
ust be number"}],!1;var i=a===r}else var i=!0;if(i)if(t.unhealthyThreshold!==void 0){let e=t.unhealthyThreshold,
a=r;if(!(typeof e=="number"&&!(e%1)&&!isNaN(e)&&isFinite(e)))return v.errors=[{instancePath:s+"/unhealthyThres\
hold",schemaPath:"#/properties/unhealthyThreshold/type",keyword:"type",params:{type:"integer"},message:"must b\
e integer"}],!1;if(r===a&&typeof e=="number"&&isFinite(e)){if(e>100||isNaN(e))return v.errors=[{instancePath:s+
"/unhealthyThreshold",schemaPath:"#/properties/unhealthyThreshold/maximum",keyword:"maximum",params:{comparison:"\
<=",limit:100},message:"must be <= 100"}],!1;if(e<1||isNaN(e))return v.errors=[{instancePath:s+"/unhealthyThre\
shold",schemaPath:"#/properties/unhealthyThreshold/minimum",keyword:"minimum",params:{comparison:">=",limit:1},
message:"must be >= 1"}],!1}var i=a===r}else var i=!0}}}}}}}else return v.errors=[{instancePath:s,schemaPath:"\
#/type",keyword:"type",params:{type:"object"},message:"must be object"}],!1;return v.errors=n,r===0}function S(t,{
instancePath:s="",parentData:N,parentDataProperty:_,rootData:y=t}={}){let n=null,r=0;if(r===0)if(t&&typeof t==
"object"&&!Array.isArray(t)){let p;if(t.name===void 0&&(p="name")||t.listen===void 0&&(p="listen")||t.protocols===
void 0&&(p="protocols")||t.origins===void 0&&(p="origins")||t.healthCheck===void 0&&(p="healthCheck"))return S.
errors=[{instancePath:s,schemaPath:"#/required",keyword:"required",params:{missingProperty:p},message:"must ha\
ve required property '"+p+"'"}],!1;{let D=r;for(let l in t)if(!(l==="name"||l==="listen"||l==="protocols"||l===
"origins"||l==="healthCheck")){return S.errors=[{instancePath:s,schemaPath:"#/additionalProperties",keyword:"a\
dditionalProperties",params:{additionalProperty:l},message:"must NOT have additional properties"}],!1;break}if(D===
r){if(t.name!==void 0){let l=t.name,c=r;if(r===c)if(typeof l=="string"){if(L(l)<1)return S.errors=[{instancePath:s+
"/name",schemaPath:"#/properties/name/minLength",keyword:"minLength",params:{limit:1},message:"must NOT have f\
ewer than 1 characters"}],!1}else return S.errors=[{instancePath:s+"/name",schemaPath:"#/properties/name/type",
keyword:"type",params:{type:"string"},message:"must be string"}],!1;var i=c===r}else var i=!0;if(i){if(t.listen!==
void 0){let l=t.listen,c=r;if(r===c)if(Array.isArray(l)){var m=!0;let f=l.length;for(let q=0;q<f;q++){let b=r;
if(typeof l[q]!="string")return S.errors=[{instancePath:s+"/listen/"+q,schemaPath:"#/properties/listen/items/t\
ype",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var m=b===r;if(!m)break}}else return S.
errors=[{instancePath:s+"/listen",schemaPath:"#/properties/listen/type",keyword:"type",params:{type:"array"},message:"\
must be array"}],!1;var i=c===r}else var i=!0;if(i){if(t.protocols!==void 0){let l=t.protocols,c=r;if(r===c)if(Array.
isArray(l)){var u=!0;let f=l.length;for(let q=0;q<f;q++){let b=l[q],d=r;if(!(b==="tcp"||b==="udp"))return S.errors=
[{instancePath:s+"/protocols/"+q,schemaPath:"#/properties/protocols/items/enum",keyword:"enum",params:{allowedValues:Q.
properties.protocols.items.enum},message:"must be equal to one of the allowed values"}],!1;var u=d===r;if(!u)break}}else
return S.errors=[{instancePath:s+"/protocols",schemaPath:"#/properties/protocols/type",keyword:"type",params:{
type:"array"},message:"must be array"}],!1;var i=c===r}else var i=!0;if(i){if(t.origins!==void 0){let l=t.origins,
c=r;if(r===c)if(Array.isArray(l)){var e=!0;let f=l.length;for(let q=0;q<f;q++){let b=r;if(typeof l[q]!="string")
return S.errors=[{instancePath:s+"/origins/"+q,schemaPath:"#/properties/origins/items/type",keyword:"type",params:{
type:"string"},message:"must be string"}],!1;var e=b===r;if(!e)break}}else return S.errors=[{instancePath:s+"/\
origins",schemaPath:"#/properties/origins/type",keyword:"type",params:{type:"array"},message:"must be array"}],
!1;var i=c===r}else var i=!0;if(i)if(t.healthCheck!==void 0){let l=t.healthCheck,c=r,o=r,f=!1,q=r;v(l,{instancePath:s+
"/healthCheck",parentData:t,parentDataProperty:"healthCheck",rootData:y})||(n=n===null?v.errors:n.concat(v.errors),
r=n.length);var a=q===r;if(f=f||a,!f){let d=r;if(l!==null){let M={instancePath:s+"/healthCheck",schemaPath:"#/\
properties/healthCheck/anyOf/1/type",keyword:"type",params:{type:"null"},message:"must be null"};n===null?n=[M]:
n.push(M),r++}var a=d===r;f=f||a}if(f)r=o,n!==null&&(o?n.length=o:n=null);else{let d={instancePath:s+"/healthC\
heck",schemaPath:"#/properties/healthCheck/anyOf",keyword:"anyOf",params:{},message:"must match a schema in an\
yOf"};return n===null?n=[d]:n.push(d),r++,S.errors=n,!1}var i=c===r}else var i=!0}}}}}}else return S.errors=[{
instancePath:s,schemaPath:"#/type",keyword:"type",params:{type:"object"},message:"must be object"}],!1;return S.
errors=n,r===0}var Y={type:"object",additionalProperties:!1,required:["name","scope","prefixes4","prefixes6","\
sha256","feed"],properties:{name:{type:"string",minLength:1},scope:{description:"The policy, or `fleet:<name>`\
.",type:"string",minLength:1},prefixes4:{description:"The fewest IPv4 prefixes that cover it.",type:"integer",
minimum:0},prefixes6:{description:"The fewest IPv6 prefixes that cover it.",type:"integer",minimum:0},sha256:{
description:"Over its ranges in order, first and last address big-endian: IPv4 in 4 bytes each, then IPv6 in 1\
6.",type:"string",pattern:"^[0-9a-f]{64}$"},feed:{description:"Path of the feed file.",type:["string","null"]}}};
function x(t,{instancePath:s="",parentData:N,parentDataProperty:_,rootData:y=t}={}){let n=null,r=0;if(r===0)if(t&&
typeof t=="object"&&!Array.isArray(t)){let m;if(t.name===void 0&&(m="name")||t.scope===void 0&&(m="scope")||t.
prefixes4===void 0&&(m="prefixes4")||t.prefixes6===void 0&&(m="prefixes6")||t.sha256===void 0&&(m="sha256")||t.
feed===void 0&&(m="feed"))return x.errors=[{instancePath:s,schemaPath:"#/required",keyword:"required",params:{
missingProperty:m},message:"must have required property '"+m+"'"}],!1;{let u=r;for(let e in t)if(!(e==="name"||
e==="scope"||e==="prefixes4"||e==="prefixes6"||e==="sha256"||e==="feed")){return x.errors=[{instancePath:s,schemaPath:"\
#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:e},message:"must NOT have ad\
ditional properties"}],!1;break}if(u===r){if(t.name!==void 0){let e=t.name,a=r;if(r===a)if(typeof e=="string"){
if(L(e)<1)return x.errors=[{instancePath:s+"/name",schemaPath:"#/properties/name/minLength",keyword:"minLength",
params:{limit:1},message:"must NOT have fewer than 1 characters"}],!1}else return x.errors=[{instancePath:s+"/\
name",schemaPath:"#/properties/name/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;
var i=a===r}else var i=!0;if(i){if(t.scope!==void 0){let e=t.scope,a=r;if(r===a)if(typeof e=="string"){if(L(e)<
1)return x.errors=[{instancePath:s+"/scope",schemaPath:"#/properties/scope/minLength",keyword:"minLength",params:{
limit:1},message:"must NOT have fewer than 1 characters"}],!1}else return x.errors=[{instancePath:s+"/scope",schemaPath:"\
#/properties/scope/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var i=a===r}else var i=!0;
if(i){if(t.prefixes4!==void 0){let e=t.prefixes4,a=r;if(!(typeof e=="number"&&!(e%1)&&!isNaN(e)&&isFinite(e)))
return x.errors=[{instancePath:s+"/prefixes4",schemaPath:"#/properties/prefixes4/type",keyword:"type",params:{
type:"integer"},message:"must be integer"}],!1;if(r===a&&typeof e=="number"&&isFinite(e)&&(e<0||isNaN(e)))return x.
errors=[{instancePath:s+"/prefixes4",schemaPath:"#/properties/prefixes4/minimum",keyword:"minimum",params:{comparison:"\
>=",limit:0},message:"must be >= 0"}],!1;var i=a===r}else var i=!0;if(i){if(t.prefixes6!==void 0){let e=t.prefixes6,
a=r;if(!(typeof e=="number"&&!(e%1)&&!isNaN(e)&&isFinite(e)))return x.errors=[{instancePath:s+"/prefixes6",schemaPath:"\
#/properties/prefixes6/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;if(r===a&&typeof e==
"number"&&isFinite(e)&&(e<0||isNaN(e)))return x.errors=[{instancePath:s+"/prefixes6",schemaPath:"#/properties/\
prefixes6/minimum",keyword:"minimum",params:{comparison:">=",limit:0},message:"must be >= 0"}],!1;var i=a===r}else
var i=!0;if(i){if(t.sha256!==void 0){let e=t.sha256,a=r;if(r===a)if(typeof e=="string"){if(!W.test(e))return x.
errors=[{instancePath:s+"/sha256",schemaPath:"#/properties/sha256/pattern",keyword:"pattern",params:{pattern:"\
^[0-9a-f]{64}$"},message:'must match pattern "^[0-9a-f]{64}$"'}],!1}else return x.errors=[{instancePath:s+"/sh\
a256",schemaPath:"#/properties/sha256/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;
var i=a===r}else var i=!0;if(i)if(t.feed!==void 0){let e=t.feed,a=r;if(typeof e!="string"&&e!==null)return x.errors=
[{instancePath:s+"/feed",schemaPath:"#/properties/feed/type",keyword:"type",params:{type:Y.properties.feed.type},
message:"must be string,null"}],!1;var i=a===r}else var i=!0}}}}}}}else return x.errors=[{instancePath:s,schemaPath:"\
#/type",keyword:"type",params:{type:"object"},message:"must be object"}],!1;return x.errors=n,r===0}var ee={description:"\
Packets that must get the verdict and rule given; the steps run in order on state that is empty before.",type:"\
object",additionalProperties:!1,required:["name","rule","steps"],properties:{name:{type:"string",minLength:1},
rule:{description:"The rule that it witnesses.",type:["string","null"]},steps:{type:"array",minItems:1,items:{
$ref:"#/definitions/WitnessStep"}}}},B={type:"object",additionalProperties:!1,required:["packet","atNs","repea\
t","verdict","rule","reason"],properties:{packet:{description:"The frame from the destination MAC on, base64. \
14 bytes at least: BPF_PROG_TEST_RUN takes no less.",type:"string",minLength:20,maxLength:87400,pattern:"^[A-Z\
a-z0-9+/]+={0,2}$"},atNs:{description:"Time in nanoseconds, a u64.",type:"string",pattern:"^(0|[1-9][0-9]{0,19\
})$"},repeat:{description:"How often the packet runs; the expectation holds for the last.",type:"integer",minimum:1,
maximum:4294967295},verdict:{enum:["pass","drop"]},rule:{description:"The deciding rule's id.",type:["string",
"null"]},reason:{enum:["default","rule","limit","block","management","arp","neighbour-discovery","dhcp","other\
-ethertype","truncated-ethernet","truncated-vlan","too-many-vlan-tags","truncated-ip","bad-ip-version","bad-ih\
l","bad-total-length","truncated-extension","too-many-extensions","bad-fragment","tiny-fragment","truncated-l4",
"bad-tcp-offset","bad-udp-length"]}}},re=new RegExp("^[A-Za-z0-9+/]+={0,2}$","u"),te=new RegExp("^(0|[1-9][0-9\
]{0,19})$","u");function w(t,{instancePath:s="",parentData:N,parentDataProperty:_,rootData:y=t}={}){let n=null,
r=0;if(r===0)if(t&&typeof t=="object"&&!Array.isArray(t)){let m;if(t.packet===void 0&&(m="packet")||t.atNs===void 0&&
(m="atNs")||t.repeat===void 0&&(m="repeat")||t.verdict===void 0&&(m="verdict")||t.rule===void 0&&(m="rule")||t.
reason===void 0&&(m="reason"))return w.errors=[{instancePath:s,schemaPath:"#/required",keyword:"required",params:{
missingProperty:m},message:"must have required property '"+m+"'"}],!1;{let u=r;for(let e in t)if(!(e==="packet"||
e==="atNs"||e==="repeat"||e==="verdict"||e==="rule"||e==="reason")){return w.errors=[{instancePath:s,schemaPath:"\
#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:e},message:"must NOT have ad\
ditional properties"}],!1;break}if(u===r){if(t.packet!==void 0){let e=t.packet,a=r;if(r===a)if(typeof e=="stri\
ng"){if(L(e)>87400)return w.errors=[{instancePath:s+"/packet",schemaPath:"#/properties/packet/maxLength",keyword:"\
maxLength",params:{limit:87400},message:"must NOT have more than 87400 characters"}],!1;if(L(e)<20)return w.errors=
[{instancePath:s+"/packet",schemaPath:"#/properties/packet/minLength",keyword:"minLength",params:{limit:20},message:"\
must NOT have fewer than 20 characters"}],!1;if(!re.test(e))return w.errors=[{instancePath:s+"/packet",schemaPath:"\
#/properties/packet/pattern",keyword:"pattern",params:{pattern:"^[A-Za-z0-9+/]+={0,2}$"},message:'must match p\
attern "^[A-Za-z0-9+/]+={0,2}$"'}],!1}else return w.errors=[{instancePath:s+"/packet",schemaPath:"#/properties\
/packet/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var i=a===r}else var i=!0;if(i){
if(t.atNs!==void 0){let e=t.atNs,a=r;if(r===a)if(typeof e=="string"){if(!te.test(e))return w.errors=[{instancePath:s+
"/atNs",schemaPath:"#/properties/atNs/pattern",keyword:"pattern",params:{pattern:"^(0|[1-9][0-9]{0,19})$"},message:'\
must match pattern "^(0|[1-9][0-9]{0,19})$"'}],!1}else return w.errors=[{instancePath:s+"/atNs",schemaPath:"#/\
properties/atNs/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var i=a===r}else var i=!0;
if(i){if(t.repeat!==void 0){let e=t.repeat,a=r;if(!(typeof e=="number"&&!(e%1)&&!isNaN(e)&&isFinite(e)))return w.
errors=[{instancePath:s+"/repeat",schemaPath:"#/properties/repeat/type",keyword:"type",params:{type:"integer"},
message:"must be integer"}],!1;if(r===a&&typeof e=="number"&&isFinite(e)){if(e>4294967295||isNaN(e))return w.errors=
[{instancePath:s+"/repeat",schemaPath:"#/properties/repeat/maximum",keyword:"maximum",params:{comparison:"<=",
limit:4294967295},message:"must be <= 4294967295"}],!1;if(e<1||isNaN(e))return w.errors=[{instancePath:s+"/rep\
eat",schemaPath:"#/properties/repeat/minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"must\
 be >= 1"}],!1}var i=a===r}else var i=!0;if(i){if(t.verdict!==void 0){let e=t.verdict,a=r;if(!(e==="pass"||e===
"drop"))return w.errors=[{instancePath:s+"/verdict",schemaPath:"#/properties/verdict/enum",keyword:"enum",params:{
allowedValues:B.properties.verdict.enum},message:"must be equal to one of the allowed values"}],!1;var i=a===r}else
var i=!0;if(i){if(t.rule!==void 0){let e=t.rule,a=r;if(typeof e!="string"&&e!==null)return w.errors=[{instancePath:s+
"/rule",schemaPath:"#/properties/rule/type",keyword:"type",params:{type:B.properties.rule.type},message:"must \
be string,null"}],!1;var i=a===r}else var i=!0;if(i)if(t.reason!==void 0){let e=t.reason,a=r;if(!(e==="default"||
e==="rule"||e==="limit"||e==="block"||e==="management"||e==="arp"||e==="neighbour-discovery"||e==="dhcp"||e===
"other-ethertype"||e==="truncated-ethernet"||e==="truncated-vlan"||e==="too-many-vlan-tags"||e==="truncated-ip"||
e==="bad-ip-version"||e==="bad-ihl"||e==="bad-total-length"||e==="truncated-extension"||e==="too-many-extensio\
ns"||e==="bad-fragment"||e==="tiny-fragment"||e==="truncated-l4"||e==="bad-tcp-offset"||e==="bad-udp-length"))
return w.errors=[{instancePath:s+"/reason",schemaPath:"#/properties/reason/enum",keyword:"enum",params:{allowedValues:B.
properties.reason.enum},message:"must be equal to one of the allowed values"}],!1;var i=a===r}else var i=!0}}}}}}}else
return w.errors=[{instancePath:s,schemaPath:"#/type",keyword:"type",params:{type:"object"},message:"must be ob\
ject"}],!1;return w.errors=n,r===0}function F(t,{instancePath:s="",parentData:N,parentDataProperty:_,rootData:y=t}={}){
let n=null,r=0;if(r===0)if(t&&typeof t=="object"&&!Array.isArray(t)){let u;if(t.name===void 0&&(u="name")||t.rule===
void 0&&(u="rule")||t.steps===void 0&&(u="steps"))return F.errors=[{instancePath:s,schemaPath:"#/required",keyword:"\
required",params:{missingProperty:u},message:"must have required property '"+u+"'"}],!1;{let e=r;for(let a in t)
if(!(a==="name"||a==="rule"||a==="steps")){return F.errors=[{instancePath:s,schemaPath:"#/additionalProperties",
keyword:"additionalProperties",params:{additionalProperty:a},message:"must NOT have additional properties"}],!1;
break}if(e===r){if(t.name!==void 0){let a=t.name,p=r;if(r===p)if(typeof a=="string"){if(L(a)<1)return F.errors=
[{instancePath:s+"/name",schemaPath:"#/properties/name/minLength",keyword:"minLength",params:{limit:1},message:"\
must NOT have fewer than 1 characters"}],!1}else return F.errors=[{instancePath:s+"/name",schemaPath:"#/proper\
ties/name/type",keyword:"type",params:{type:"string"},message:"must be string"}],!1;var i=p===r}else var i=!0;
if(i){if(t.rule!==void 0){let a=t.rule,p=r;if(typeof a!="string"&&a!==null)return F.errors=[{instancePath:s+"/\
rule",schemaPath:"#/properties/rule/type",keyword:"type",params:{type:ee.properties.rule.type},message:"must b\
e string,null"}],!1;var i=p===r}else var i=!0;if(i)if(t.steps!==void 0){let a=t.steps,p=r;if(r===p)if(Array.isArray(
a)){if(a.length<1)return F.errors=[{instancePath:s+"/steps",schemaPath:"#/properties/steps/minItems",keyword:"\
minItems",params:{limit:1},message:"must NOT have fewer than 1 items"}],!1;{var m=!0;let l=a.length;for(let c=0;c<
l;c++){let o=r;w(a[c],{instancePath:s+"/steps/"+c,parentData:a,parentDataProperty:c,rootData:y})||(n=n===null?
w.errors:n.concat(w.errors),r=n.length);var m=o===r;if(!m)break}}}else return F.errors=[{instancePath:s+"/step\
s",schemaPath:"#/properties/steps/type",keyword:"type",params:{type:"array"},message:"must be array"}],!1;var i=p===
r}else var i=!0}}}}else return F.errors=[{instancePath:s,schemaPath:"#/type",keyword:"type",params:{type:"obje\
ct"},message:"must be object"}],!1;return F.errors=n,r===0}var se=new RegExp("^sha256:[0-9a-f]{64}$","u");function h(t,{
instancePath:s="",parentData:N,parentDataProperty:_,rootData:y=t}={}){let n=null,r=0;if(r===0)if(t&&typeof t==
"object"&&!Array.isArray(t)){let l;if(t.formatVersion===void 0&&(l="formatVersion")||t.abiVersion===void 0&&(l=
"abiVersion")||t.fleet===void 0&&(l="fleet")||t.revision===void 0&&(l="revision")||t.memoryBytes===void 0&&(l=
"memoryBytes")||t.sections===void 0&&(l="sections")||t.rules===void 0&&(l="rules")||t.policies===void 0&&(l="p\
olicies")||t.backends===void 0&&(l="backends")||t.sets===void 0&&(l="sets")||t.witnesses===void 0&&(l="witness\
es"))return h.errors=[{instancePath:s,schemaPath:"#/required",keyword:"required",params:{missingProperty:l},message:"\
must have required property '"+l+"'"}],!1;{let c=r;for(let o in t)if(!z.call(U.properties,o)){return h.errors=
[{instancePath:s,schemaPath:"#/additionalProperties",keyword:"additionalProperties",params:{additionalProperty:o},
message:"must NOT have additional properties"}],!1;break}if(c===r){if(t.formatVersion!==void 0){let o=r;if(t.formatVersion!==
1)return h.errors=[{instancePath:s+"/formatVersion",schemaPath:"#/properties/formatVersion/const",keyword:"con\
st",params:{allowedValue:1},message:"must be equal to constant"}],!1;var i=o===r}else var i=!0;if(i){if(t.abiVersion!==
void 0){let o=t.abiVersion,f=r;if(!(typeof o=="number"&&!(o%1)&&!isNaN(o)&&isFinite(o)))return h.errors=[{instancePath:s+
"/abiVersion",schemaPath:"#/properties/abiVersion/type",keyword:"type",params:{type:"integer"},message:"must b\
e integer"}],!1;if(r===f&&typeof o=="number"&&isFinite(o)&&(o<1||isNaN(o)))return h.errors=[{instancePath:s+"/\
abiVersion",schemaPath:"#/properties/abiVersion/minimum",keyword:"minimum",params:{comparison:">=",limit:1},message:"\
must be >= 1"}],!1;var i=f===r}else var i=!0;if(i){if(t.fleet!==void 0){let o=r;T(t.fleet,{instancePath:s+"/fl\
eet",parentData:t,parentDataProperty:"fleet",rootData:y})||(n=n===null?T.errors:n.concat(T.errors),r=n.length);
var i=o===r}else var i=!0;if(i){if(t.revision!==void 0){let o=t.revision,f=r;if(r===f)if(typeof o=="string"){if(!se.
test(o))return h.errors=[{instancePath:s+"/revision",schemaPath:"#/properties/revision/pattern",keyword:"patte\
rn",params:{pattern:"^sha256:[0-9a-f]{64}$"},message:'must match pattern "^sha256:[0-9a-f]{64}$"'}],!1}else return h.
errors=[{instancePath:s+"/revision",schemaPath:"#/properties/revision/type",keyword:"type",params:{type:"strin\
g"},message:"must be string"}],!1;var i=f===r}else var i=!0;if(i){if(t.memoryBytes!==void 0){let o=t.memoryBytes,
f=r;if(!(typeof o=="number"&&!(o%1)&&!isNaN(o)&&isFinite(o)))return h.errors=[{instancePath:s+"/memoryBytes",schemaPath:"\
#/properties/memoryBytes/type",keyword:"type",params:{type:"integer"},message:"must be integer"}],!1;if(r===f&&
typeof o=="number"&&isFinite(o)){if(o>9007199254740991||isNaN(o))return h.errors=[{instancePath:s+"/memoryByte\
s",schemaPath:"#/properties/memoryBytes/maximum",keyword:"maximum",params:{comparison:"<=",limit:9007199254740991},
message:"must be <= 9007199254740991"}],!1;if(o<0||isNaN(o))return h.errors=[{instancePath:s+"/memoryBytes",schemaPath:"\
#/properties/memoryBytes/minimum",keyword:"minimum",params:{comparison:">=",limit:0},message:"must be >= 0"}],
!1}var i=f===r}else var i=!0;if(i){if(t.sections!==void 0){let o=t.sections,f=r;if(r===f)if(Array.isArray(o)){
if(o.length>64)return h.errors=[{instancePath:s+"/sections",schemaPath:"#/properties/sections/maxItems",keyword:"\
maxItems",params:{limit:64},message:"must NOT have more than 64 items"}],!1;if(o.length<1)return h.errors=[{instancePath:s+
"/sections",schemaPath:"#/properties/sections/minItems",keyword:"minItems",params:{limit:1},message:"must NOT \
have fewer than 1 items"}],!1;{var m=!0;let b=o.length;for(let d=0;d<b;d++){let O=r;P(o[d],{instancePath:s+"/s\
ections/"+d,parentData:o,parentDataProperty:d,rootData:y})||(n=n===null?P.errors:n.concat(P.errors),r=n.length);
var m=O===r;if(!m)break}}}else return h.errors=[{instancePath:s+"/sections",schemaPath:"#/properties/sections/\
type",keyword:"type",params:{type:"array"},message:"must be array"}],!1;var i=f===r}else var i=!0;if(i){if(t.rules!==
void 0){let o=t.rules,f=r;if(r===f)if(Array.isArray(o)){if(o.length>4096)return h.errors=[{instancePath:s+"/ru\
les",schemaPath:"#/properties/rules/maxItems",keyword:"maxItems",params:{limit:4096},message:"must NOT have mo\
re than 4096 items"}],!1;{var u=!0;let b=o.length;for(let d=0;d<b;d++){let O=r;g(o[d],{instancePath:s+"/rules/"+
d,parentData:o,parentDataProperty:d,rootData:y})||(n=n===null?g.errors:n.concat(g.errors),r=n.length);var u=O===
r;if(!u)break}}}else return h.errors=[{instancePath:s+"/rules",schemaPath:"#/properties/rules/type",keyword:"t\
ype",params:{type:"array"},message:"must be array"}],!1;var i=f===r}else var i=!0;if(i){if(t.policies!==void 0){
let o=t.policies,f=r;if(r===f)if(Array.isArray(o)){var e=!0;let b=o.length;for(let d=0;d<b;d++){let O=r;A(o[d],
{instancePath:s+"/policies/"+d,parentData:o,parentDataProperty:d,rootData:y})||(n=n===null?A.errors:n.concat(A.
errors),r=n.length);var e=O===r;if(!e)break}}else return h.errors=[{instancePath:s+"/policies",schemaPath:"#/p\
roperties/policies/type",keyword:"type",params:{type:"array"},message:"must be array"}],!1;var i=f===r}else var i=!0;
if(i){if(t.backends!==void 0){let o=t.backends,f=r;if(r===f)if(Array.isArray(o)){if(o.length>256)return h.errors=
[{instancePath:s+"/backends",schemaPath:"#/properties/backends/maxItems",keyword:"maxItems",params:{limit:256},
message:"must NOT have more than 256 items"}],!1;{var a=!0;let b=o.length;for(let d=0;d<b;d++){let O=r;S(o[d],
{instancePath:s+"/backends/"+d,parentData:o,parentDataProperty:d,rootData:y})||(n=n===null?S.errors:n.concat(S.
errors),r=n.length);var a=O===r;if(!a)break}}}else return h.errors=[{instancePath:s+"/backends",schemaPath:"#/\
properties/backends/type",keyword:"type",params:{type:"array"},message:"must be array"}],!1;var i=f===r}else var i=!0;
if(i){if(t.sets!==void 0){let o=t.sets,f=r;if(r===f)if(Array.isArray(o)){var p=!0;let b=o.length;for(let d=0;d<
b;d++){let O=r;x(o[d],{instancePath:s+"/sets/"+d,parentData:o,parentDataProperty:d,rootData:y})||(n=n===null?x.
errors:n.concat(x.errors),r=n.length);var p=O===r;if(!p)break}}else return h.errors=[{instancePath:s+"/sets",schemaPath:"\
#/properties/sets/type",keyword:"type",params:{type:"array"},message:"must be array"}],!1;var i=f===r}else var i=!0;
if(i)if(t.witnesses!==void 0){let o=t.witnesses,f=r;if(r===f)if(Array.isArray(o)){var D=!0;let b=o.length;for(let d=0;d<
b;d++){let O=r;F(o[d],{instancePath:s+"/witnesses/"+d,parentData:o,parentDataProperty:d,rootData:y})||(n=n===null?
F.errors:n.concat(F.errors),r=n.length);var D=O===r;if(!D)break}}else return h.errors=[{instancePath:s+"/witne\
sses",schemaPath:"#/properties/witnesses/type",keyword:"type",params:{type:"array"},message:"must be array"}],
!1;var i=f===r}else var i=!0}}}}}}}}}}}}else return h.errors=[{instancePath:s,schemaPath:"#/type",keyword:"typ\
e",params:{type:"object"},message:"must be object"}],!1;return h.errors=n,r===0}export{oe as default,ne as validate};
