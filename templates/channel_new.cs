<?cs # channel_new.cs: which kind of channel? ?><?cs include!"macros.cs" ?><?cs include!"head.cs" ?>
<div class="grid">
<?cs each:k = kinds ?><section class="card"><h2><a href="<?cs var:k.href ?>"><?cs var:k.title ?></a></h2><p><?cs var:k.about ?></p></section>
<?cs /each ?></div>
<?cs include!"foot.cs" ?>
