<?cs # schedule_form.cs: a new schedule, or the settings of one ?><?cs include!"macros.cs" ?><?cs include!"part_schedule.cs" ?><?cs include!"head.cs" ?>
<?cs include!"part_worker.cs" ?>
<form class="panel narrow schedule" method="post" data-preview="<?cs if:of_environment ?><?cs var:base ?><?cs /if ?>/schedule/fragment"><?cs call:secret() ?>
<?cs if:!new ?><input type="hidden" name="revision" value="<?cs var:revision ?>">
<?cs /if ?><?cs call:input(name, "name", "Name", "", "text") ?>
<div class="field<?cs if:every.error ?> is-faulty<?cs /if ?>" id="every" tabindex="-1"><fieldset><legend>When</legend><?cs if:every.error ?><p class="fault"><?cs call:icon("failed") ?><?cs var:every.error ?></p><?cs /if ?>
<?cs each:o = every ?><?cs if:o.value ?><?cs call:radio("every", o.value, o.text, "", o.on) ?>
<?cs /if ?><?cs /each ?></fieldset></div>
<div class="for-hour"><?cs call:input(minute, "minute", "Minute of the hour", "0 to 59; for every hour", "number") ?></div>
<div class="for-day"><?cs call:input(time, "time", "Time", "Like 02:30; for every day, week and month", "time") ?></div>
<div class="for-week field"><label for="weekday">Day of the week</label><select id="weekday" name="weekday"><?cs each:o = weekdays ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></div>
<div class="for-month field"><label for="day">Day of the month</label><select id="day" name="day"><?cs each:o = days ?><option value="<?cs var:o.value ?>"<?cs if:o.on ?> selected<?cs /if ?>><?cs var:o.text ?></option><?cs /each ?></select></div>
<div class="for-cron"><?cs call:text(cron, "cron", "Cron expression", "Minute, hour, day, month, weekday: 30 2 * * 1-5. Or @daily, @weekly, @monthly; L is the last day of the month. At most every 15 minutes.") ?></div>
<?cs call:text(zone, "zone", "Time zone", "Like Europe/Zurich. Empty: the environment's own.") ?>
<?cs call:input(spread, "spread", "Spread over minutes", "0 to 60. So that not everything begins in the same minute.", "number") ?>
<?cs if:of_environment ?><div class="field<?cs if:services.error ?> is-faulty<?cs /if ?>" id="services" tabindex="-1"><fieldset><legend>Only these services</legend><?cs if:services.error ?><p class="fault"><?cs call:icon("failed") ?><?cs var:services.error ?></p><?cs /if ?><p class="hint">None ticked: all, also those that are added later.</p>
<?cs each:o = services ?><?cs if:o.value ?><?cs call:choice("services", o.value, o.text, o.hint, o.on) ?>
<?cs /if ?><?cs /each ?></fieldset></div>
<?cs else ?><fieldset><legend>For</legend><?cs call:radio("kinds", "live", "Live environments alone", "", !kinds.all) ?>
<?cs call:radio("kinds", "all", "Every environment", "", kinds.all) ?></fieldset>
<?cs /if ?><fieldset><legend>How</legend><?cs call:radio("mode", "live", "Live", "The application goes on meanwhile.", !mode.consistent) ?>
<?cs call:radio("mode", "consistent", "Consistent", "The application is held while all parts are read, by the hooks of the environment.", mode.consistent) ?></fieldset>
<div class="field<?cs if:keep.error ?> is-faulty<?cs /if ?>" id="keep" tabindex="-1"><fieldset><legend>How long its backups stay</legend><?cs if:keep.error ?><p class="fault"><?cs call:icon("failed") ?><?cs var:keep.error ?></p><?cs /if ?><p class="hint">With keeps of its own they take the place of no other backup, and no other takes theirs. The newest good one of each service stays in any case.</p>
<?cs each:o = keeps ?><?cs if:o.value ?><?cs call:radio("keep", o.value, o.text, o.hint, o.on) ?>
<?cs /if ?><?cs /each ?><div class="for-count"><?cs call:input(keep_n, "keep_n", "How many", "Of the newest ones, or of days", "number") ?></div>
<div class="for-line"><?cs call:text(keep_line, "keep_line", "Your numbers", "Like hourly=24 daily=7 weekly=4: the newest of so many hours, days, weeks, months or years that have one; also last= and days=") ?></div></fieldset></div>
<div class="field<?cs if:notify.error ?> is-faulty<?cs /if ?>" id="notify" tabindex="-1"><fieldset><legend>When to tell</legend><?cs if:notify.error ?><p class="fault"><?cs call:icon("failed") ?><?cs var:notify.error ?></p><?cs /if ?><p class="hint">That backups come late, or that the environment is at risk, is told in any case.</p>
<?cs each:o = notifies ?><?cs if:o.value ?><?cs call:radio("notify", o.value, o.text, o.hint, o.on) ?>
<?cs /if ?><?cs /each ?></fieldset></div>
<?cs if:saving ?><div class="notice is-bad"><?cs call:icon("warning") ?><div><p><strong><?cs var:saving ?>.</strong> They can be put back from the trash for a time.</p><input type="hidden" name="list" value="<?cs var:list ?>">
<?cs call:input(typed, "typed", "Type " + go_count, "The number of backups that go", "number") ?></div></div>
<?cs elif:looked ?><div class="notice is-good" role="status"><?cs call:icon("ok") ?><p>Saving this deletes nothing now.</p></div>
<?cs /if ?><div class="actions"><?cs if:new ?><?cs call:button("Add schedule", "primary") ?><?cs else ?><?cs call:button("Save", "primary") ?><?cs /if ?> <button type="submit" class="button" name="preview" value="1">Preview</button> <a class="button is-quiet" href="<?cs var:base ?>/schedule">Cancel</a></div>
</form>
<?cs include!"part_schedule_preview.cs" ?>
<?cs include!"foot.cs" ?>
