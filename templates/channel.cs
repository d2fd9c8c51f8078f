<?cs # channel.cs: one channel: its form, its tests and its log ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<?cs if:!new ?><section class="panel" aria-label="State"><p class="safety"><?cs call:state(channel.state) ?> <span><?cs var:channel.kind ?>: <?cs var:channel.target ?></span></p>
<?cs if:channel.unconfirmed ?><p class="note">No account here has this address, so it was sent a question. Nothing else is sent to it before it agrees.</p>
<?cs /if ?><?cs each:o = channel.off ?><p class="muted"><?cs if:o.told ?>But told in<?cs else ?>Not told in<?cs /if ?> <a href="<?cs var:o.href ?>"><?cs var:o.place ?></a>, since <?cs call:when(o.since) ?><?cs if:o.by ?>, by <?cs var:o.by ?><?cs /if ?>.</p>
<?cs /each ?><div class="actions"><?cs if:channel.on ?><?cs if:channel.unconfirmed ?><?cs call:act(channel.href + "/ask", "Ask again", "") ?><?cs else ?><?cs call:act(channel.href + "/test", "Send test", "primary") ?><?cs /if ?> <?cs call:act(channel.href + "/off", "Turn off", "") ?><?cs else ?><?cs call:act(channel.href + "/on", "Turn on", "primary") ?><?cs /if ?> <a class="button is-danger" href="<?cs var:channel.href ?>/remove">Remove</a></div></section>
<?cs /if ?><form class="panel narrow" method="post" action="<?cs if:new ?><?cs var:base ?>/new<?cs else ?><?cs var:channel.href ?><?cs /if ?>"><?cs call:secret() ?>
<input type="hidden" name="kind" value="<?cs var:kind.name ?>"><?cs if:!new ?><input type="hidden" name="revision" value="<?cs var:revision ?>"><?cs /if ?>
<?cs call:input(name, "name", "Name", "", "text") ?>
<?cs if:mail ?><?cs call:input(target, "target", "Address", "If no account here has it, it is asked first whether it wants notices", "email") ?>
<?cs else ?><?cs if:!new ?><p class="muted">The stored address is locked up, so that only the worker can open it: <?cs var:stored ?>. Unchanged if left empty.</p>
<?cs /if ?><?cs call:input(url, "url", "Address to call", url.hint, "url") ?>
<?cs /if ?><?cs if:webhook ?><?cs if:new ?><?cs call:text(secret, "secret", "Secret", "Copy it to the receiver now: it signs each call and is not shown again") ?><?cs else ?><?cs call:text(secret, "secret", "New secret", "Only together with a new address") ?><?cs /if ?>
<?cs elif:ntfy ?><?cs call:text(secret, "secret", "Access token", "Only if the server asks for one; it is not shown again") ?>
<?cs /if ?><fieldset id="events"<?cs if:events.error ?> aria-describedby="events-fault"<?cs /if ?>><legend>Tell it of</legend>
<?cs if:events.error ?><p class="fault" id="events-fault"><?cs call:icon("failed") ?><?cs var:events.error ?></p><?cs /if ?><?cs each:o = events ?><?cs if:o.value ?><?cs call:choice("event", o.value, o.text, "", o.on) ?>
<?cs /if ?><?cs /each ?></fieldset>
<div class="actions"><?cs if:new ?><?cs call:button("Add channel", "primary") ?><?cs else ?><?cs call:button("Save", "primary") ?><?cs /if ?> <a class="button is-quiet" href="<?cs var:base ?>">Cancel</a></div>
</form>
<?cs if:!new ?><h2>Delivery log</h2>
<?cs include!"part_notice_log.cs" ?>
<?cs /if ?><?cs include!"foot.cs" ?>
