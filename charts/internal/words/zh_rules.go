package words

import "strings"

// zhRules is what findings say: the conclusions of the rules in analyze/rules.go and
// the evidence for and against them.
func zhRules() map[string]string {
	return map[string]string{
		// Why.
		"The calls fail while the number of conversations stands at its greatest: channels or licences are all in use.":                       "呼叫在同时通话数达到最大时失败:通道或许可已全部占用。",
		"Trunk {} fails, and another trunk takes its calls: nobody complains, but there is no reserve left.":                                  "中继 {} 故障,其呼叫由另一条中继接替:无人投诉,但已无备用。",
		"Nothing at all comes back from {}: the way there is broken, or the box is down.":                                                     "{} 完全没有回应:链路中断或设备停机。",
		"{} takes the calls (100) and gets no further: the trouble is behind it.":                                                             "{} 接受呼叫(100)但无后续:问题在其之后。",
		"{} refuses the calls for want of resources or because it is out of service.":                                                         "{} 因资源不足或停止服务而拒绝呼叫。",
		"Devices of one kind, {}, offer media that the other side does not take: a firmware or a profile of theirs.":                          "同一种设备 {} 所提供的媒体对端不接受:是其固件或配置模板的问题。",
		"The media that was offered is not taken.":                                                                                            "所提供的媒体未被接受。",
		"One caller, {}, is refused time and again: its password, its account or its permission is wrong.":                                    "主叫 {} 反复被拒:其密码、账户或权限有误。",
		"Calls are refused for want of permission or credentials.":                                                                            "呼叫因缺少权限或凭据被拒。",
		"Calls of one number, {}, go where nobody is: a forwarding, a speed dial or a fax list with a number that is no more.":                "号码 {} 的呼叫去往无人之处:前转、缩位拨号或传真名单中有已不存在的号码。",
		"{} takes calls, but no longer those to {}: the carrier's routing of that destination is gone or barred.":                             "{} 接受呼叫,但不再接受去往 {} 的:运营商到该目的地的路由已失效或被禁。",
		"Numbers of {} are not accepted, whatever the way: dialling rules or routing.":                                                        "前缀 {} 的号码无论经哪条路由都不被接受:拨号规则或路由问题。",
		"{} no longer knows the numbers that it is asked for.":                                                                                "{} 不再认识所请求的号码。",
		"Conversations end when a request inside the call (T.38, hold, session timer) is refused.":                                            "通话中的请求(T.38、保持、会话定时器)被拒时通话中断。",
		"Conversations are cut off by the network.":                                                                                           "通话被网络中断。",
		"Answered calls are over at once: callers most likely hear nothing, or one of the two does not.":                                      "应答后立即结束:很可能双方或其中一方听不到声音。",
		"It takes so long until it rings that callers hang up before.":                                                                        "到振铃所需时间太长,主叫在此之前挂断。",
		"Extensions could not be reached because their registrations were lost, not because people were away.":                                "分机因注册丢失而无法到达,并非人不在。",
		"A device restarted at the beginning of it.":                                                                                          "开始时有设备重启。",
		"Extensions refuse within an instant, many at once: they are not registered or set to do-not-disturb by something other than people.": "大量分机同时瞬间拒绝:未注册,或被非人为地设为免打扰。",
		"Busy comes within an instant and for many at once: a limit, not people on the phone.":                                                "大量呼叫同时瞬间返回忙:是上限所致,并非用户在通话。",
		"Calls are declined within an instant and for many at once: a block, not people.":                                                     "大量呼叫同时瞬间被拒:是拦截,并非人为拒接。",
		"Unanswered calls end after another time than before: the ring time-out was changed.":                                                 "无人接听的呼叫结束时长与以前不同:振铃超时被修改。",
		"Nothing comes back.":                    "没有任何回应。",
		"Only calls over {} are concerned.":      "只涉及经 {} 的呼叫。",
		"The records name no SIP code, only {}.": "记录没有 SIP 响应码,只有 {}。",

		// What to check first.
		"Compare the most conversations at once with the channels of the contract, the licence and the limit set on the trunk; raise it or let a second trunk take over.": "把最大同时通话数与合同通道数、许可及中继上设置的上限比较;提高上限,或让第二条中继接替。",
		"Ping {} with OPTIONS from the same box, then ask the carrier with times and Call-IDs; until it is back, watch the channels of the trunk that took over.":         "从同一设备用 OPTIONS 探测 {},然后带上时间和 Call-ID 询问运营商;恢复之前,关注接替中继的通道占用。",
		"Ping {} with OPTIONS from the same box; then firewall, NAT, DNS, port and transport; then ask the carrier whether the requests arrive.":                          "从同一设备用 OPTIONS 探测 {};然后检查防火墙、NAT、DNS、端口与传输方式;再询问运营商请求是否到达。",
		"Ask the carrier with times and Call-IDs; meanwhile let a second trunk take over after a few seconds.":                                                            "带上时间和 Call-ID 询问运营商;其间让第二条中继在数秒后接替。",
		"Channels in use against licence and contract; registration and OPTIONS state of {}; then the carrier, with times and Call-IDs.":                                  "对照许可与合同检查占用通道;{} 的注册与 OPTIONS 状态;然后带上时间和 Call-ID 联系运营商。",
		"Let a second trunk take over.": "让第二条中继接替。",
		"Compare the codecs, SRTP and m= lines that {} offers with those of a device that works; undo the last firmware or profile change.":                                                 "把 {} 提供的编解码、SRTP 和 m= 行与正常设备比较;撤销最近的固件或配置模板变更。",
		"Codecs, SRTP and m= lines of the offer against what the other side allows; what was changed when it began.":                                                                        "把 offer 的编解码、SRTP 和 m= 行与对端所允许的比较;查明开始时有何变更。",
		"The password and the user name on the device of {} against those of the PBX or the carrier; then whether the number may call there.":                                               "核对 {} 所在设备的用户名和密码与 PBX 或运营商侧是否一致;然后看该号码是否有权拨打。",
		"Account, password and permitted numbers on the trunk or extension; for 403 from a carrier also the caller ID that is sent, and unpaid bills.":                                      "中继或分机的账户、密码与允许的号码;运营商返回 403 时,还要看送出的主叫号码及是否欠费。",
		"The forwarding and speed dials of {}: where they point, and whether that number still exists.":                                                                                     "{} 的前转与缩位拨号:指向哪里,该号码是否仍存在。",
		"Dial a number of {} over another trunk; then ask the carrier with times, numbers and Call-IDs.":                                                                                    "经另一条中继拨打前缀 {} 的号码;然后带上时间、号码和 Call-ID 询问运营商。",
		"Check that our own rules still send the digits as the carrier wants them.":                                                                                                         "检查我方规则送出的号码格式是否仍符合运营商要求。",
		"The dialling rule and the route for {}: digits added or taken off, and what was changed when it began; then the carrier.":                                                          "前缀 {} 的拨号规则与路由:增删的位数,以及开始时有何变更;然后联系运营商。",
		"The digits that we send over {} against what the carrier wants (with or without 0, +, country code); what was changed when it began; then the carrier.":                            "核对经 {} 送出的号码与运营商要求的格式(是否带 0、+、国家码);开始时有何变更;然后联系运营商。",
		"What the re-INVITE offers: T.38 for faxes, the session timer's refresh, hold; switch T.38 off and see whether the faxes go through in G.711.":                                      "re-INVITE 提供的内容:传真用的 T.38、会话定时器刷新、保持;关闭 T.38,看传真能否用 G.711 通过。",
		"After how long they end: all after the same time is a session timer or a NAT binding (ours), at any time is the line or the carrier.":                                              "看通话多久后中断:都在同一时长则是会话定时器或 NAT 绑定(我方),时长不定则是线路或运营商。",
		"Make a call and listen in both directions; then NAT and the address in the SDP, the RTP ports in the firewall, and the codec.":                                                     "拨打一次并双向试听;然后检查 NAT 与 SDP 中的地址、防火墙的 RTP 端口以及编解码。",
		"Where the time goes in the ladder: before the 100 it is DNS or an unreachable first hop of ours, after it the carrier; overlap dialling's timer and a dead first route count too.": "在梯形图中看时间耗在哪里:100 之前是 DNS 或我方第一跳不可达,之后是运营商;重叠拨号的定时器和失效的首选路由也会占用时间。",
		"The registrar's log and restarts in those minutes, the network between phones and registrar, and the registration interval (how long phones stay lost).":                           "查看那几分钟注册服务器的日志与重启、话机与注册服务器之间的网络,以及注册间隔(话机失联多久)。",
		"Why it restarted: power, a watchdog, an update, somebody; then whether all registrations came back.":                                                                               "重启原因:电源、看门狗、升级或人为;然后看全部注册是否恢复。",
		"The registrations of those extensions; a do-not-disturb or night service that was switched on for all.":                                                                            "这些分机的注册;是否对全部分机打开了免打扰或夜间模式。",
		"Call limits of trunk, extension and queue; channels of the line.":                                                                                                                  "中继、分机与队列的并发上限;线路通道数。",
		"The reason phrase and the Reason header (603 with \"Network Blocked\" is a call-blocking service); the caller ID that is sent and its reputation.":                                 "原因短语与 Reason 头(603 带 \"Network Blocked\" 是骚扰拦截服务);送出的主叫号码及其信誉。",
		"The ring time-out of extensions, groups and the trunk, and who changed it when this began.":                                                                                        "分机、振铃组与中继的振铃超时,以及开始时由谁修改。",
		"Import the SIP log or a capture of the same hours, which have the code; meanwhile look for another finding of the same hours.":                                                     "导入同一时段含响应码的 SIP 日志或抓包;其间看同一时段是否有另一项发现。",

		// On a New Rock device.
		"New Rock gateways answer 415 to an offer with a T.140 text line (m=text): switch real-time text off at the other side.":                       "New Rock 网关对带 T.140 文本行(m=text)的 offer 返回 415:在对端关闭实时文本。",
		"On an OM, the API's OFFLINE and ONLINE events name the extension and the minute; FAILED with code 3 or 8 says an extension is offline.":       "在 OM 上,API 的 OFFLINE 与 ONLINE 事件给出分机和时刻;代码为 3 或 8 的 FAILED 表示分机离线。",
		"A New Rock User-Agent carries model, ports and firmware (NewRockTech MX8-8S VER.…): compare the firmware with that of the devices that work.": "New Rock 的 User-Agent 含型号、端口数与固件(NewRockTech MX8-8S VER.…):与正常设备的固件比较。",
		"On an OM, a FAILED event with code 2 says that the caller's permission does not allow the call.":                                              "在 OM 上,代码为 2 的 FAILED 事件表示主叫权限不允许该呼叫。",
		"On an OM, a FAILED event with code 7 says that there is no such extension.":                                                                   "在 OM 上,代码为 7 的 FAILED 事件表示没有该分机。",
		"On an OM, the BOOTUP event is the restart; CONFIG_CHANGE before it says that somebody changed settings.":                                      "在 OM 上,BOOTUP 事件即重启;此前的 CONFIG_CHANGE 表示有人修改了设置。",

		// What would speak against it.
		"It would not be the channels if calls failed alike while fewer conversations were going on.":                                               "若通话较少时呼叫同样失败,则不是通道问题。",
		"It would not be the trunk if attempts on the other trunks failed alike in the same minutes.":                                               "若同一时间其他中继上的尝试同样失败,则不是该中继的问题。",
		"It would not be the way if a 100 came back.":                                                                                               "若收到 100,则不是链路问题。",
		"It would be the way there if not even a 100 came back.":                                                                                    "若连 100 都没有,则是到对端的链路问题。",
		"It would be ours if conversations at once stood at the channels of the contract, or if the other trunks failed alike in the same minutes.": "若并发通话达到合同通道数,或同一时间其他中继同样失败,则属我方。",
		"It would be the other side if other kinds of devices got the same refusal from it.":                                                        "若其他种类的设备也被其同样拒绝,则是对端问题。",
		"It would be one kind of device if only one User-Agent were concerned.":                                                                     "若只涉及一种 User-Agent,则是该种设备的问题。",
		"It would not be the device if other callers were refused too.":                                                                             "若其他主叫也被拒,则不是该设备的问题。",
		"It would be one device if only one caller were concerned.":                                                                                 "若只涉及一个主叫,则是单个设备的问题。",
		"It would be the trunk or the routing if other callers could not reach that number either.":                                                 "若其他主叫也无法拨通该号码,则是中继或路由问题。",
		"It would be our dialling rules if the same numbers failed over the other trunks too.":                                                      "若相同号码经其他中继也失败,则是我方拨号规则的问题。",
		"It would be a carrier if the calls failed over one trunk only.":                                                                            "若呼叫只经一条中继失败,则是运营商问题。",
		"It would be one destination if only one prefix were concerned.":                                                                            "若只涉及一个前缀,则是单个目的地的问题。",
		"It would be the network if the calls ended without a re-INVITE before.":                                                                    "若呼叫中断前没有 re-INVITE,则是网络问题。",
		"It would be people if the calls ended with a usual BYE.":                                                                                   "若呼叫以正常的 BYE 结束,则是用户所为。",
		"It would be people, such as a campaign or an announcement, if the calls came from one caller or went to one number.":                       "若呼叫来自同一主叫或去往同一号码,则是人为所致,如外呼活动或语音通知。",
		"It would be people if the post-dial delay were as usual.":                                                                                  "若拨号后延迟与平时相同,则是用户所为。",
		"It would be people if it had rung, or if registrations had gone on as usual.":                                                              "若曾振铃,或注册照常进行,则是用户所为。",
		"It would be a coincidence if the failures had begun before the restart.":                                                                   "若失败始于重启之前,则属巧合。",
		"It would be people if it had rung before.":                                                                                                 "若此前曾振铃,则是用户所为。",
		"It would be people if only one number were busy.":                                                                                          "若只有一个号码忙,则是用户所为。",
		"It would be people if the times differed from call to call.":                                                                               "若各次呼叫的时长不同,则是用户所为。",
		"It would be the far end if a 100 came back.":                                                                                               "若收到 100,则是对端问题。",
		"It would be chance if the same hours of earlier weeks had as many.":                                                                        "若往周同一时段同样多,则属偶然。",

		// How to see that it helped.
		"No such failures in the busy hours, and a higher peak of calls at once.":  "忙时不再有此类失败,且并发峰值更高。",
		"The failure rate of {} at leg scope, and no calls recovered by failover.": "{} 在 leg 范围的失败率,且没有切换后恢复的呼叫。",
		"No attempts without a response on {}.":                                    "{} 上不再有无响应的尝试。",
		"No time-outs after a 100 on {}.":                                          "{} 上不再有 100 之后的超时。",
		"The failure rate of {} is back at that of the other trunks.":              "{} 的失败率恢复到其他中继的水平。",
		"No 488 or 415 from {}.":                                                   "{} 不再出现 488 或 415。",
		"No 488 or 415.":                                                           "不再出现 488 或 415。",
		"No 403 of {}; its registrations succeed.":                                 "{} 不再出现 403;其注册成功。",
		"No 401, 403 or 407 as an end of calls.":                                   "不再有以 401、403 或 407 结束的呼叫。",
		"No such failures of {}.":                                                  "{} 不再有此类失败。",
		"The failure rate of {} over {}.":                                          "{} 经 {} 的失败率。",
		"No 404 or 484 from {}.":                                                   "{} 不再出现 404 或 484。",
		"The share of dropped calls.":                                              "掉话的占比。",
		"The share of short calls.":                                                "短呼叫的占比。",
		"PDD 95 %, and calls abandoned before ringing.":                            "PDD 95 %,以及振铃前放弃的呼叫。",
		"No failed registrations, and no 480 within a second.":                     "没有失败的注册,也没有一秒之内的 480。",
		"No restart, and no failures of this kind.":                                "没有重启,也没有此类失败。",
		"No 480 within a second.":                                                  "没有一秒之内的 480。",
		"The share of 486.":                                                        "486 的占比。",
		"The share of 603.":                                                        "603 的占比。",
		"The share of unanswered calls.":                                           "无人接听呼叫的占比。",
		"The share of {}.":                                                         "{} 的占比。",
		"The failure rate.":                                                        "失败率。",
		"No responses missing.":                                                    "不再缺少响应。",

		// What else speaks for it.
		"{#} of {#} were refused within {#} ms: no phone can have rung.": "{2} 次中 {1} 次在 {3} 毫秒内被拒:话机不可能振铃。",
		"{} and {} are concerned.":                                       "涉及{}和{}。",
		"{#} callers":                                                    "{} 个主叫",
		"1 caller":                                                       "1 个主叫",
		"{#} called numbers":                                             "{} 个被叫号码",
		"1 called number":                                                "1 个被叫号码",
		"{} % of them are calls to one number, {}.":                      "其中 {} % 呼叫同一号码 {}。",
		"{#} of {#} {} requests failed in that time; {#} of {#} in the rest of the period.":         "该时段 {2} 次 {3} 请求中 {1} 次失败;其余时段 {5} 次中 {4} 次。",
		"{#} {} requests came in that time, where the rest of the period has {#} in as many hours.": "该时段有 {} 次 {} 请求,其余时段在同样时长内为 {} 次。",
		"Device {} restarted at {}.": "设备 {} 于 {} 重启。",
		"without a name":             "(未命名)",
		"one without a name":         "(未命名)",
		"{} lost their registration by the PBX's own events, first {}.": "据 PBX 自身事件,{}丢失注册,首个为 {}。",
		"{#} extensions": "{} 个分机",
		"1 extension":    "1 个分机",
		"{#} % of them ended after {#} s; before, {#} % after {#} s: a timer was changed.":                             "其中 {} % 在 {} 秒后结束;此前 {} % 在 {} 秒后:定时器被修改。",
		"{#} % of them ended after {#} s, which is a timer's doing.":                                                   "其中 {} % 在 {} 秒后结束,为定时器所致。",
		"The post-dial delay was {#} s in 95 % of the calls of that time (n = {#}) and {#} s in the others (n = {#}).": "拨号后延迟(95 % 以内)在该时段的呼叫中为 {} 秒(n = {}),在其他呼叫中为 {} 秒(n = {})。",
		"Not even a 100 came back for {#} of {#}.":                                                                     "{2} 次中 {1} 次连 100 都没有。",
		"A 100 came back for {#} of {#} and nothing after it: the next hop takes calls and gets no further.":           "{2} 次中 {1} 次收到 100 后再无响应:下一跳接受呼叫但无后续。",
		"It had rung in {#} of {#}.":                                                      "{2} 次中 {1} 次曾振铃。",
		"{#} of {#} never answered the challenge.":                                        "{2} 次中 {1} 次从未应答认证质询。",
		"{#} of {#} were refused after their credentials had been sent.":                  "{2} 次中 {1} 次在送出凭据后被拒。",
		"A request inside the dialog (re-INVITE) failed in {#} of {#}.":                   "{2} 次中 {1} 次对话内请求(re-INVITE)失败。",
		"In {#} of {#} it was the {} who hung up: most likely the one who heard nothing.": "{2} 次中 {1} 次由{3}挂断:很可能是听不到声音的一方。",
		"caller": "主叫",
		"callee": "被叫",
		"{} in that time were answered all the same after a failed attempt: another way took over, so callers may not have noticed.": "该时段有 {} 在一次尝试失败后仍被应答:由另一路由接替,主叫可能并未察觉。",
		"{#} of {#} answered calls were over within 6 s; {#} of {#} in the rest of the period.":                                      "{2} 次已应答呼叫中 {1} 次在 6 秒内结束;其余时段 {4} 次中 {3} 次。",
		"Offered were {}; the refusal named no codec.":                                                                               "提供的编解码为 {};拒绝中未列出编解码。",
		"Offered were {}; the refusal named {}.":                                                                                     "提供的编解码为 {};拒绝中列出 {}。",
		"Offered were {}; the refusal named no codec (Warning: {}).":                                                                 "提供的编解码为 {};拒绝中未列出编解码(Warning:{})。",
		"Offered were {}; the refusal named {} (Warning: {}).":                                                                       "提供的编解码为 {};拒绝中列出 {}(Warning:{})。",
		"The refusals say Retry-After: {}.":                                                                                          "拒绝中带 Retry-After:{}。",
		"The refusals carry no Retry-After.":                                                                                         "拒绝中不带 Retry-After。",
		"The refusal came after credentials for the challenge's own nonce: it is the password or the account, not a stale nonce.":    "以质询自身的 nonce 送出凭据后仍被拒:是密码或账户问题,而非 nonce 过期。",
		"The challenges came with {#} different nonces.":                                                                             "质询中有 {} 个不同的 nonce。",
		"The credentials were for another nonce than the challenge's: they were stale.":                                              "凭据所用的 nonce 与质询不同:已过期。",
		"A 100 came before the 408.":                                                                                                 "408 之前收到 100。",
		"No 100 came before the 408.":                                                                                                "408 之前没有 100。",
		"{} among the {} looked at; the busiest made {} % of them.":                                                                  "所查看的 {2} 来自 {1};最忙者占 {3} %。",

		// When.
		"since {}":       "自 {} 起",
		"{} on {} to {}": "{2} 至 {3} 每日 {1}",
	}
}

// zhTitles are the titles of findings: what and where, how, and when; and of the
// incidents, which have no when.
func zhTitles() map[string]string {
	m := map[string]string{}
	for how, to := range map[string]string{
		"failed": "失败", "ended": "如此结束", "rang and ended": "振铃后如此结束", "were given up before ringing": "在振铃前被放弃", "were cut off": "掉话", "were over within 6 s": "在 6 秒内结束",
	} {
		m["{#} of {#} {} "+how+" with {}, {}"] = "{3}:{2} 次中 {1} 次" + to + "({4}),{5}"
		m["{#} of {#} {} "+how+" with {}"] = "{3}:{2} 次中 {1} 次" + to + "({4})"
		m["{#} of {#} {} "+how+", {}"] = "{3}:{2} 次中 {1} 次" + to + ",{4}"
		m["{#} of {#} {} "+how] = "{3}:{2} 次中 {1} 次" + to
		m["{#} {} "+how+" with {}, {}"] = "{2}:{1} 次" + to + "({3}),{4}"
		m["{#} {} "+how+", {}"] = "{2}:{1} 次" + to + ",{3}"
	}
	for what, to := range map[string]string{"attempt": "尝试", "call": "呼叫", "request": "请求", "answered attempt": "已应答尝试", "answered call": "已应答呼叫"} {
		for _, noun := range []string{what, what + "s"} {
			m[noun] = to
			for at, place := range zhPlaces() {
				m[noun+" "+at] = place + " 的" + to
			}
		}
		m["1 "+what] = "1 次" + to
		m["{#} "+what+"s"] = "{} 次" + to
	}
	return m
}

// zhPlaces say where: up to three keys in the order of a title.
func zhPlaces() map[string]string {
	m := map[string]string{}
	keys := [][2]string{{"on trunk {}", "中继 {}"}, {"to prefix {}", "前缀 {}"}, {"from {}", "{}"}, {"of device {}", "设备 {}"}, {"by caller {}", "主叫 {}"}}
	for some := 1; some < 1<<len(keys); some++ {
		var en, to []string
		for i, k := range keys {
			if some>>i&1 == 1 {
				en, to = append(en, k[0]), append(to, k[1])
			}
		}
		if len(en) <= 3 {
			m[strings.Join(en, " ")] = strings.Join(to, "、")
		}
	}
	return m
}
