<?cs # 5.cs: one hole ?><p><?cs evar:x ?></p>
